// A heap on a real device, in any order of steps: the account is what is held, never above the budget; nobody sees another's texels; the device never complains.
import { BudgetExceededError, collectGarbageSync, leaks } from '@handback/core';
import { DeviceLostError, TextureHandle, type BufferHandle } from '@handback/gpu';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { missing, newDevice } from './device.ts';
import { bufferSpecs, textureSpecs, type BufferSpec, type Level, type TextureSpec } from './model/specs.ts';
import { isTexture, World, type Thing } from './model/world.ts';

leaks.configure({ level: 'off' });

type Step = (world: World) => void | Promise<void>;

const index = fc.nat(50);
const mark = fc.integer({ min: 1, max: 60 });
/** One of the few sorts of a run: few, so that they are used again. */
const sorts = fc.nat(50);

function create(world: World, spec: TextureSpec | BufferSpec): Thing | undefined {
  try {
    const handle = isTexture(spec) ? world.heap.createTextureSync(spec.descriptor) : world.heap.createBufferSync(spec.descriptor);
    return world.add(handle, spec);
  } catch (error) {
    // It is as full as that: what is disposed counts until the queue is done.
    expect(error).toBeInstanceOf(BudgetExceededError);
    return undefined;
  }
}

function dispose(world: World, at: number): void {
  const thing = world.pick(at);
  thing?.handles.splice(at % thing.handles.length, 1)[0]?.dispose();
  world.prune();
}

/** Writes a part of a level, whole rows of blocks, and notes it. */
async function write(world: World, thing: Thing, byte: number, from: number, part: number): Promise<void> {
  const [handle] = thing.handles;
  const { spec, content } = thing;
  if (handle === undefined) return;
  if (!isTexture(spec)) {
    const offset = 4 * (from % 50);
    const data = new Uint8Array(4 * (1 + Math.floor((part / 100) * ((spec.bytes - offset) / 4 - 1)))).fill(byte);
    content?.[0]?.set(data, offset);
    await world.heap.writeBuffer({ buffer: handle as BufferHandle, offset, data });
    return;
  }
  if (!spec.isWritable) return;
  const mipLevel = from % spec.levels.length;
  const { bytesPerRow, rows, layers, size } = spec.levels[mipLevel] as Level;
  const row = from % rows;
  const layer = from % layers;
  const count = 1 + Math.floor((part / 100) * (rows - row - 1));
  const [gap, extra] = [part % 3 === 0 ? 3 : 0, part % 4 === 0 ? 2 : 0];
  const layout = { offset: gap * 16, bytesPerRow: bytesPerRow + 16 * gap, rowsPerImage: count + extra };
  const data = new Uint8Array(layout.offset + layout.bytesPerRow * layout.rowsPerImage * (layers - layer)).fill(byte);
  for (let at = layer; at < layers; at++) content?.[mipLevel]?.fill(byte, (at * rows + row) * bytesPerRow, (at * rows + row + count) * bytesPerRow);
  await world.heap.writeTexture({
    texture: handle as TextureHandle,
    mipLevel,
    origin: { x: 0, y: row * spec.blockHeight, z: layer },
    size: [size[0], count * spec.blockHeight, layers - layer],
    data,
    layout,
  });
}

/** What happens between an encode and its submit, within one job. */
const meanwhile: fc.Arbitrary<(world: World) => void> = fc.oneof(
  index.map((at) => (world: World) => dispose(world, at)),
  sorts.map((sort) => (world: World) => void create(world, world.specOf(sort))),
  fc.constant((world: World) => void world.heap.trim()),
  fc.constant(() => void collectGarbageSync('minor' as never)),
);

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: sorts.map((sort): Step => async (world) => {
      const spec = world.specOf(sort);
      const thing = create(world, spec);
      if (thing !== undefined) await world.look(thing);
    }),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(sorts, fc.boolean()).map(([sort, isAborted]): Step => async (world) => {
      const spec = world.specOf(sort);
      const controller = new AbortController();
      const options = { signal: controller.signal, priority: isAborted ? 1 : 0, label: 'model' };
      world.waitingBytes += spec.bytes;
      const making = isTexture(spec) ? world.heap.createTexture(spec.descriptor, options) : world.heap.createBuffer(spec.descriptor, options);
      const done = making
        .then(
          (handle) => void world.add(handle, spec),
          (error: unknown) => {
            if (error !== controller.signal.reason && !(error instanceof DeviceLostError)) world.surprises.push(error);
          },
        )
        .finally(async () => {
          // What is opened late counts until it has come: the device answers in order.
          world.device.pushErrorScope('validation');
          await world.device.popErrorScope();
          await new Promise((resolve) => setImmediate(resolve));
          world.waitingBytes -= spec.bytes;
          world.waiting.delete(done);
        });
      world.waiting.add(done);
      if (isAborted) setImmediate(() => controller.abort(new Error('gone')));
      await new Promise((resolve) => setImmediate(resolve));
    }),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(index, mark, fc.nat(30), fc.integer({ min: 0, max: 100 })).map(([at, byte, from, part]): Step => async (world) => {
      const thing = world.pick(at);
      if (thing !== undefined) await write(world, thing, byte, from, part);
    }),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(index, mark, mark).map(([at, first, second]): Step => async (world) => {
      // Not awaited one by one: they keep their order, and a dispose waits for both.
      const thing = world.pick(at);
      if (thing === undefined) return;
      const both = [write(world, thing, first, 0, 100), write(world, thing, second, 0, 100)];
      await Promise.all(both);
    }),
  },
  {
    weight: 5,
    arbitrary: index.map(
      (at): Step =>
        (world) =>
          dispose(world, at),
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.array(index, { minLength: 1, maxLength: 4 }), fc.array(meanwhile, { maxLength: 4 }), fc.boolean())
      .map(([many, between, isByApp]): Step => async (world) => {
        const encoder = world.device.createCommandEncoder();
        for (const at of many) {
          const thing = world.pick(at);
          if (thing !== undefined) world.encode(thing, encoder);
        }
        for (const each of between) each(world);
        if (isByApp) {
          world.device.queue.submit([encoder.finish()]);
          world.heap.submitted();
        } else world.heap.submit([encoder.finish()]);
        await world.read();
      }),
  },
  {
    weight: 2,
    arbitrary: index.map((at): Step => async (world) => {
      const thing = world.pick(at);
      if (thing !== undefined) await world.look(thing);
    }),
  },
  {
    weight: 1,
    arbitrary: index.map((at): Step => (world) => {
      const thing = world.pick(at);
      const [first] = thing?.handles ?? [];
      if (first !== undefined) thing?.handles.push(first.share());
    }),
  },
  {
    weight: 1,
    arbitrary: index.map((at): Step => (world) => {
      const thing = world.pick(at);
      const first = thing?.handles.shift();
      if (first === undefined) return;
      thing?.handles.push(first.move());
      expect(() => first.value).toThrow();
    }),
  },
  {
    weight: 1,
    arbitrary: index.map((at): Step => (world) => {
      const thing = world.pick(at, ({ handles, keepers }) => handles.length === 1 && keepers.length === 0);
      const raw = thing?.handles.pop()?.detach() as GPUTexture | undefined;
      world.prune();
      raw?.destroy();
    }),
  },
  {
    weight: 1,
    arbitrary: index.map((at): Step => (world) => {
      const thing = world.pick(at, ({ spec }) => isTexture(spec));
      const [texture] = thing?.handles ?? [];
      if (texture instanceof TextureHandle) thing?.keepers.push(texture.createView());
    }),
  },
  {
    weight: 1,
    arbitrary: index.map((at): Step => (world) => {
      const thing = world.pick(at, ({ spec }) => !isTexture(spec) && (spec.descriptor.usage & 0x40) !== 0);
      const [buffer] = thing?.handles ?? [];
      if (thing === undefined || buffer === undefined) return;
      const layout = (): object => world.device.createBindGroupLayout({ entries: [{ binding: 0, visibility: 2, buffer: {} }] });
      thing.keepers.push(world.heap.createBindGroup({ layout, entries: [{ binding: 0, resource: buffer as BufferHandle }] }));
    }),
  },
  {
    weight: 2,
    arbitrary: index.map((at): Step => (world) => {
      const kept = world.things.filter(({ keepers }) => keepers.length > 0);
      const keeper = kept[at % Math.max(1, kept.length)]?.keepers.pop();
      keeper?.[Symbol.dispose]();
      world.prune();
    }),
  },
  {
    weight: 1,
    arbitrary: sorts.map((sort): Step => (world) => {
      const spec = world.specOf(sort);
      // In a function of its own: what a caller's frame still holds is not forgotten.
      const forget = (): void => {
        const thing = create(world, spec);
        if (thing !== undefined) world.things.splice(world.things.indexOf(thing), 1);
      };
      forget();
      expect(collectGarbageSync()).toBe(true);
    }),
  },
  {
    weight: 1,
    arbitrary: fc.nat(40_000).map((bytes): Step => (world) => {
      world.heap.trim(bytes);
      expect(world.heap.stats().idle).toBeLessThanOrEqual(bytes);
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Step>(async (world) => {
      await world.heap.settled();
      if (world.waiting.size === 0) expect(world.heap.stats()).toMatchObject({ retired: 0, staging: 0 });
    }),
  },
);

/** Disposes things until nobody waits any more. */
async function letAllWaitersIn(world: World): Promise<void> {
  while (world.waiting.size > 0) {
    for (const { keepers } of world.things) for (const keeper of keepers.splice(0)) keeper[Symbol.dispose]();
    dispose(world, 0);
    world.prune();
    await Promise.race([...world.waiting, new Promise((resolve) => setTimeout(resolve, 5))]);
    world.check();
  }
}

async function end(world: World): Promise<void> {
  await letAllWaitersIn(world);
  for (const thing of world.things) for (const each of [...thing.handles, ...thing.keepers]) each[Symbol.dispose]();
  await world.heap.settled();
  world.heap.trim();
  expect(world.heap.budget.stats()).toMatchObject({ used: 0, waiting: 0 });
  await world.heap.disposeAsync();
}

const cases = fc.record({
  specs: fc.subarray<TextureSpec | BufferSpec>([...textureSpecs, ...bufferSpecs], { minLength: 1, maxLength: 4 }),
  capacity: fc.constantFrom(100_000, 200_000, 400_000),
  staging: fc.constantFrom(1 / 32, 1 / 8, 1 / 3),
  sequence: fc.array(steps, { minLength: 20, maxLength: 80 }),
});

describe.skipIf(missing !== undefined)('any steps in any order', () => {
  test('leave the account, the texels and the device as they must be', { timeout: 120_000 }, async () => {
    const device = await newDevice();
    const errors: string[] = [];
    device.addEventListener('uncapturederror', ({ error }) => errors.push(error.message));
    const property = fc.asyncProperty(cases, async ({ specs, capacity, staging, sequence }) => {
      errors.length = 0;
      const world = new World(device, specs, capacity, staging);
      for (const step of sequence) {
        await step(world);
        world.check();
        expect(errors).toEqual([]);
      }
      await end(world);
      expect(errors).toEqual([]);
    });
    await fc.assert(property, { numRuns: Number(process.env['RUNS'] ?? 25), ...seed(), endOnFailure: true });
  });

  test('and the same with a loss among them, and another device', { timeout: 120_000 }, async () => {
    const property = fc.asyncProperty(cases, fc.nat(60), async ({ specs, capacity, staging, sequence }, loss) => {
      const device = await newDevice();
      const world = new World(device, specs, capacity, staging);
      const errors: string[] = [];
      device.addEventListener('uncapturederror', ({ error }) => errors.push(error.message));
      for (const [at, step] of sequence.entries()) {
        if (at === loss % sequence.length) await loseAndAttach(world, errors);
        await step(world);
        world.check();
        expect(errors).toEqual([]);
      }
      await end(world);
      expect(errors).toEqual([]);
      world.device.destroy();
    });
    await fc.assert(property, { numRuns: Number(process.env['RUNS'] ?? 10), ...seed(), endOnFailure: true });
  });

  async function loseAndAttach(world: World, errors: string[]): Promise<void> {
    world.forgetCopies();
    world.device.destroy();
    await world.heap.lost;
    world.isLost = true;
    await Promise.all(world.waiting);
    world.check();
    expect(world.heap.budget.stats()).toMatchObject({ used: 0, waiting: 0 });
    world.device = await newDevice();
    world.device.addEventListener('uncapturederror', ({ error }) => errors.push(error.message));
    world.heap.attach(world.device);
    world.isLost = false;
    // They are made anew when they are next used, all zero; a view makes its texture.
    for (const { handles, keepers, content } of world.things) {
      for (const each of [...handles, ...(keepers as TextureHandle[])].slice(0, 1)) void each.value;
      for (const level of content ?? []) level.fill(0);
    }
  }
});

function seed(): { seed?: number } {
  return process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };
}
