/** Memory of a device: a texture or a buffer of the platform, counted for as long as it exists, whoever has it. */
import { defineResource, type Budget, type Costs, type Handle, type SyncResourceKind } from '@handback/core';
import { GpuOutOfMemoryError } from '../errors.ts';
import type { Platform, RawShape } from './platform.ts';

/** What is asked of a device. */
export interface BlockRequest {
  readonly device: Platform;
  readonly budget: Budget;
  readonly bytes: number;
  /** Blocks of the same key are interchangeable. */
  readonly key: string;
  readonly make: () => RawShape;
}

/** One texture or buffer of the platform. */
export class Block {
  readonly raw: RawShape;
  readonly key: string;
  readonly bytes: number;
  readonly budget: Budget;

  constructor(raw: RawShape, { key, bytes, budget }: BlockRequest) {
    this.raw = raw;
    this.key = key;
    this.bytes = bytes;
    this.budget = budget;
  }
}

/** The errors of a creation are told later, and only to those who ask: an invalid object looks like any other. */
async function open(request: BlockRequest): Promise<Block> {
  const { device } = request;
  device.pushErrorScope('out-of-memory');
  device.pushErrorScope('validation');
  let raw: RawShape | undefined;
  let thrown: unknown;
  try {
    raw = request.make();
  } catch (error) {
    thrown = error;
  }
  const scopes = [device.popErrorScope(), device.popErrorScope()] as const;
  const [invalid, outOfMemory] = await Promise.all(scopes);
  if (raw !== undefined && invalid === null && outOfMemory === null) return new Block(raw, request);
  raw?.destroy();
  if (thrown !== undefined) throw thrown;
  if (outOfMemory !== null) throw new GpuOutOfMemoryError(`The device is out of memory: ${outOfMemory.message}`, { kind: 'texture' });
  throw new TypeError(`The device refused it: ${invalid?.message}`);
}

export const blocks: SyncResourceKind<Block, BlockRequest, Handle<Block>> = defineResource({
  kind: 'GPU memory',
  open,
  // Within the call nobody can know whether there was memory for it.
  openSync: (request: BlockRequest) => new Block(request.make(), request),
  cost: ({ budget, bytes }: BlockRequest): Costs => ({ budget, amount: bytes }),
  release: ({ raw }: Block) => raw.destroy(),
  describe: ({ raw, bytes }) => `${raw.label}, ${bytes} bytes`,
  isExhausted: (error) => error instanceof GpuOutOfMemoryError,
  module: import.meta.url,
});
