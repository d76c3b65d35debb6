/** A heap on a real device and what is known of it: who holds what, and what is in it. */
import { GpuHeap, type BufferHandle, type TextureHandle } from '@handback/gpu';
import { expect } from 'vitest';
import { gpu } from '../device.ts';
import type { BufferSpec, Level, TextureSpec } from './specs.ts';

/** What a handle stands for; those that share it have it once. */
export interface Thing {
  readonly spec: TextureSpec | BufferSpec;
  handles: (TextureHandle | BufferHandle)[];
  /** Views and bind groups that keep it. */
  keepers: Disposable[];
  /** Level by level, rows without gaps; undefined where it cannot be read. */
  content: Uint8Array[] | undefined;
}

/** A copy that was given to the queue, and what it must bring. */
interface Copy {
  readonly buffer: GPUBuffer;
  readonly level: Level;
  readonly expected: Uint8Array;
  readonly about: string;
}

export function isTexture(spec: TextureSpec | BufferSpec): spec is TextureSpec {
  return 'levels' in spec;
}

export class World {
  heap: GpuHeap;
  device: GPUDevice;
  readonly things: Thing[] = [];
  readonly waiting: Set<Promise<unknown>> = new Set();
  readonly capacity: number;
  /** What waiters were rejected with that they should not be. */
  readonly surprises: unknown[] = [];
  waitingBytes = 0;
  isLost = false;
  readonly #specs: readonly (TextureSpec | BufferSpec)[];
  #copies: Copy[] = [];

  constructor(device: GPUDevice, specs: readonly (TextureSpec | BufferSpec)[], capacity: number, staging: number) {
    this.#specs = specs;
    this.device = device;
    this.capacity = capacity;
    this.heap = new GpuHeap(device, { capacity, staging, maxIdle: capacity / 4, keep: gpu });
  }

  specOf(index: number): TextureSpec | BufferSpec {
    return this.#specs[index % this.#specs.length] as TextureSpec;
  }

  add(handle: TextureHandle | BufferHandle, spec: TextureSpec | BufferSpec): Thing {
    const isKnown = !isTexture(spec) || spec.isReadable;
    const content = isTexture(spec) ? spec.levels.map((level) => new Uint8Array(level.bytesPerRow * level.rows * level.layers)) : [new Uint8Array(spec.bytes)];
    const thing = { spec, handles: [handle], keepers: [], content: isKnown ? content : undefined };
    this.things.push(thing);
    expect(handle.byteLength).toBe(spec.bytes);
    return thing;
  }

  pick(index: number, filter: (thing: Thing) => boolean = () => true): Thing | undefined {
    const some = this.things.filter((thing) => thing.handles.length > 0 && filter(thing));
    return some[index % Math.max(1, some.length)];
  }

  /** Those that nobody has any more go. */
  prune(): void {
    for (const thing of [...this.things]) {
      if (thing.handles.length === 0 && thing.keepers.length === 0) this.things.splice(this.things.indexOf(thing), 1);
    }
  }

  check(): void {
    const { live, idle, retired, staging, capacity } = this.heap.stats();
    const { used } = this.heap.budget.stats();
    const held = this.isLost ? 0 : this.things.reduce((sum, { spec }) => sum + spec.bytes, 0);
    expect(this.surprises).toEqual([]);
    expect(live + idle + retired + staging).toBe(used);
    expect(used).toBeLessThanOrEqual(capacity);
    expect(idle).toBeLessThanOrEqual(this.capacity / 4);
    expect(Math.min(idle, retired, staging)).toBeGreaterThanOrEqual(0);
    expect(live).toBeGreaterThanOrEqual(held);
    expect(live).toBeLessThanOrEqual(held + this.waitingBytes);
  }

  /** Encodes copies of all that a thing has in it: what they bring is looked at by `read`. */
  encode(thing: Thing, encoder: GPUCommandEncoder): void {
    const [handle] = thing.handles;
    if (thing.content === undefined || handle === undefined) return;
    thing.content.forEach((expected, index) => {
      const { spec } = thing;
      if (!isTexture(spec)) {
        const level = { bytesPerRow: spec.bytes, rows: 1, layers: 1, size: [0, 0, 0] } as const;
        const buffer = this.device.createBuffer({ size: Math.ceil(spec.bytes / 256) * 256, usage: 0x1 | 0x8 });
        encoder.copyBufferToBuffer(handle.value as GPUBuffer, 0, buffer, 0, spec.bytes);
        this.#copies.push({ buffer, level, expected: expected.slice(), about: JSON.stringify(spec.descriptor) });
        return;
      }
      const level = spec.levels[index] as Level;
      const bytesPerRow = Math.ceil(level.bytesPerRow / 256) * 256;
      const buffer = this.device.createBuffer({ size: bytesPerRow * level.rows * level.layers, usage: 0x1 | 0x8 });
      const source = { texture: handle.value as GPUTexture, mipLevel: index };
      encoder.copyTextureToBuffer(source, { buffer, bytesPerRow, rowsPerImage: level.rows }, [...level.size]);
      this.#copies.push({ buffer, level, expected: expected.slice(), about: `level ${index} of ${JSON.stringify(spec.descriptor)}` });
    });
  }

  /** Looks at all that was copied. */
  async read(): Promise<void> {
    const copies = this.#copies;
    this.#copies = [];
    await Promise.all(copies.map(({ buffer }) => buffer.mapAsync(1)));
    for (const { buffer, level, expected, about } of copies) {
      const bytes = new Uint8Array(buffer.getMappedRange());
      const stride = Math.ceil(level.bytesPerRow / 256) * 256;
      const found = new Uint8Array(expected.length);
      for (let row = 0; row < level.rows * level.layers; row++) {
        found.set(bytes.subarray(row * stride, row * stride + level.bytesPerRow), row * level.bytesPerRow);
      }
      if (!Buffer.from(found.buffer).equals(Buffer.from(expected.buffer))) {
        const at = found.findIndex((byte, index) => byte !== expected[index]);
        throw new Error(`${about}: byte ${at} is ${found[at]}, not ${expected[at]}`);
      }
      buffer.destroy();
    }
  }

  forgetCopies(): void {
    this.#copies = [];
  }

  /** Reads a thing back within one job, and looks at it. */
  async look(thing: Thing): Promise<void> {
    const encoder = this.device.createCommandEncoder();
    this.encode(thing, encoder);
    this.heap.submit([encoder.finish()]);
    await this.read();
  }
}
