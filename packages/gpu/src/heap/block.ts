/** Memory of a device: a texture or a buffer of the platform, counted for as long as it exists, whoever has it. */
import { defineResource, type Budget, type Costs, type Handle, type SyncResourceKind } from '@handback/core';
import { DeviceLostError, GpuDescriptorError, GpuOutOfMemoryError } from '../errors.ts';
import type { Platform, RawShape } from './platform.ts';

/** What is asked of a device. */
export interface BlockRequest {
  readonly device: Platform;
  readonly budget: Budget;
  readonly bytes: number;
  /** Blocks of the same key are interchangeable. */
  readonly key: string;
  /** Whether it is worth keeping: what cannot be cleared can only be had again by who wants it as it is. */
  readonly isReusable: boolean;
  readonly make: () => RawShape;
}

/** One texture or buffer of the platform. */
export class Block {
  readonly raw: RawShape;
  readonly key: string;
  readonly bytes: number;
  readonly budget: Budget;
  readonly isReusable: boolean;
  /** Whether the app had it in its hands: then it may be in commands that are not submitted yet. */
  lent = false;
  /** Clears what a former owner left, if that is still to be done. */
  clear: (() => void) | undefined = undefined;
  /** The device had no memory for it, or refused it, and said so when the call was over. */
  failed: GpuOutOfMemoryError | GpuDescriptorError | undefined = undefined;

  constructor(raw: RawShape, { key, bytes, budget, isReusable }: BlockRequest) {
    this.isReusable = isReusable;
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
  const scopes = Promise.all([device.popErrorScope(), device.popErrorScope()]);
  const [invalid, outOfMemory] = await scopes.catch((cause: unknown) => {
    raw?.destroy();
    throw new DeviceLostError('The device was lost while it was asked for memory.', 'unknown', { kind: 'GPU memory', cause });
  });
  if (raw !== undefined && invalid === null && outOfMemory === null) return new Block(raw, request);
  raw?.destroy();
  if (thrown !== undefined) throw thrown;
  if (outOfMemory !== null) throw outOfMemoryError(outOfMemory);
  throw refusedError(invalid);
}

/** Within the call nobody can know what the device says to it: its next use tells. */
function openSync(request: BlockRequest): Block {
  const { device } = request;
  device.pushErrorScope('out-of-memory');
  device.pushErrorScope('validation');
  let scopes: readonly Promise<PlatformError | null>[];
  let block: Block;
  try {
    block = new Block(request.make(), request);
  } finally {
    scopes = [device.popErrorScope(), device.popErrorScope()];
  }
  void Promise.all(scopes).then(
    ([invalid, outOfMemory]) => {
      if (outOfMemory != null) block.failed = outOfMemoryError(outOfMemory);
      else if (invalid != null) block.failed = refusedError(invalid);
    },
    // The device is lost.
    () => {},
  );
  return block;
}

interface PlatformError {
  readonly message: string;
}

function refusedError(error: PlatformError | null): GpuDescriptorError {
  return new GpuDescriptorError(`The device refused it: ${error?.message}`, { kind: 'GPU memory' });
}

function outOfMemoryError({ message }: PlatformError): GpuOutOfMemoryError {
  return new GpuOutOfMemoryError(`The device is out of memory: ${message}`, { kind: 'GPU memory' });
}

export const blocks: SyncResourceKind<Block, BlockRequest, Handle<Block>> = defineResource({
  kind: 'GPU memory',
  open,
  openSync,
  cost: ({ budget, bytes }: BlockRequest): Costs => ({ budget, amount: bytes }),
  release: ({ raw }: Block) => raw.destroy(),
  describe: ({ raw, bytes }) => `${raw.label}, ${bytes} bytes`,
  isExhausted: (error) => error instanceof GpuOutOfMemoryError,
  module: import.meta.url,
});
