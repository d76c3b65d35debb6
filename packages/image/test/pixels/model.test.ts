// Images of a budget and of a pool on it, in any order of steps: the account is what is held, nobody sees another's pixels, no view outlives its image.
import { Budget, BudgetExceededError, collectGarbageSync, leaks } from '@handback/core';
import { ImageBuffer, PixelPool } from '@handback/image';
import fc from 'fast-check';
import { expect, test } from 'vitest';

leaks.configure({ level: 'off' });

interface Held {
  image: ImageBuffer<8>;
  /** What its samples were filled with. */
  mark: number;
}

class World {
  readonly budget: Budget;
  readonly pool: PixelPool;
  readonly held: Held[] = [];
  /** Views of images that were disposed. */
  readonly stale: Uint8Array[] = [];
  #marks = 0;

  constructor(capacity: number, maxIdle: number) {
    this.budget = new Budget({ name: 'images', capacity, unit: 'bytes' });
    this.pool = new PixelPool({ budget: this.budget, maxIdle });
  }

  hold(image: ImageBuffer<8>): void {
    this.#marks = (this.#marks + 1) % 256;
    image.data.fill(this.#marks);
    this.held.push({ image, mark: this.#marks });
  }

  pick(index: number): Held | undefined {
    return this.held[index % Math.max(1, this.held.length)];
  }

  drop(one: Held): void {
    this.held.splice(this.held.indexOf(one), 1);
  }

  check(): void {
    const { used, capacity } = this.budget.stats();
    // Those that share an image count once.
    const stores = new Set(this.held.map(({ image }) => image.data.buffer));
    const live = [...stores].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(used).toBe(live + this.pool.stats().idleBytes);
    expect(used).toBeLessThanOrEqual(capacity);
    for (const { image, mark } of this.held) expect(image.data.every((sample) => sample === mark)).toBe(true);
    for (const view of this.stale) expect(view.length).toBe(0);
  }
}

type Step = (world: World) => void;

const sides = fc.integer({ min: 1, max: 12 });
const index = fc.nat(50);
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(sides, sides, fc.boolean(), fc.boolean()).map(([width, height, pooled, clear]): Step => (world) => {
    const { budget, pool } = world;
    try {
      const image = ImageBuffer.allocateSync({ width, height, channels: 4, clear }, pooled ? { pool } : { budget });
      if (clear || !pooled) expect(new Uint8Array(image.data.buffer).every((byte) => byte === 0)).toBe(true);
      world.hold(image);
    } catch (error) {
      expect(error).toBeInstanceOf(BudgetExceededError);
      // It was full indeed, after what was idle had been given back.
      expect(budget.stats().available).toBeLessThan(width * height * 4);
    }
  }),
  index.map((at): Step => (world) => {
    const one = world.pick(at);
    if (one === undefined) return;
    const last = world.held.filter(({ image }) => image.data.buffer === one.image.data.buffer).length === 1;
    if (last) world.stale.push(one.image.data, one.image.data.subarray(1));
    world.drop(one);
    one.image.dispose();
    one.image.dispose();
  }),
  index.map((at): Step => (world) => {
    const one = world.pick(at);
    if (one !== undefined) world.held.push({ image: one.image.share(), mark: one.mark });
  }),
  index.map((at): Step => (world) => {
    const one = world.pick(at);
    if (one === undefined) return;
    const next = one.image.move();
    expect(() => one.image.data).toThrow();
    one.image = next;
  }),
  fc.tuple(index, fc.boolean()).map(([at, pooled]): Step => (world) => {
    const one = world.pick(at);
    if (one === undefined) return;
    try {
      const image = one.image.cloneSync(pooled ? { pool: world.pool } : { budget: world.budget });
      expect(image.data.every((sample) => sample === one.mark)).toBe(true);
      world.held.push({ image, mark: one.mark });
    } catch (error) {
      expect(error).toBeInstanceOf(BudgetExceededError);
    }
  }),
  index.map((at): Step => (world) => {
    const one = world.pick(at);
    if (one === undefined || world.held.some((other) => other !== one && other.image.data.buffer === one.image.data.buffer)) return;
    const before = one.image.data;
    const { width, height } = one.image;
    const pixels = one.image.detach();
    one.image = ImageBuffer.own({ ...pixels, width, height }, { budget: world.budget });
    world.stale.push(before);
  }),
  fc.nat(2_000).map((bytes): Step => (world) => {
    world.pool.trim(bytes);
    expect(world.pool.stats().idleBytes).toBeLessThanOrEqual(bytes);
  }),
);

test('any steps in any order leave the account, the pixels and the views as they must be', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(fc.integer({ min: 1_000, max: 6_000 }), fc.nat(3_000), fc.array(steps, { maxLength: 60 }), (capacity, maxIdle, sequence) => {
      const world = new World(capacity, maxIdle);
      for (const step of sequence) {
        step(world);
        world.check();
      }
      for (const { image } of world.held) image.dispose();
      world.pool.dispose();
      expect(world.budget.stats().used).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test('and what was forgotten among them is found, and its memory is the pool’s or gone', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(sides, sides, fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 20 }), (images) => {
      const world = new World(100_000, 2_000);
      let kept = 0;
      const make = (width: number, height: number, pooled: boolean, keep: boolean): void => {
        const image = ImageBuffer.allocateSync({ width, height, channels: 4 }, pooled ? { pool: world.pool } : { budget: world.budget });
        if (!keep) return;
        kept += image.data.buffer.byteLength;
        world.hold(image);
      };
      for (const each of images) make(...each);
      expect(collectGarbageSync()).toBe(true);
      expect(world.budget.stats().used).toBe(kept + world.pool.stats().idleBytes);
      for (const { image, mark } of world.held) {
        expect(image.data.every((sample) => sample === mark)).toBe(true);
        image.dispose();
      }
      world.pool.dispose();
      expect(world.budget.stats().used).toBe(0);
    }),
    { numRuns: 20 },
  );
});
