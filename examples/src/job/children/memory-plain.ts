// Forgotten, the usual way: a class that frees its block when it is finalized. The collector sees 25 tiny objects and no reason to run.
import { setTimeout as sleep } from 'node:timers/promises';
import { giveMemoryBack, takeMemory, touchMemory } from '../../native/system-memory.ts';
import { BLOCK_BYTES, KEPT_MS, memoryLoop } from './memory-loop.ts';

const finalizers = new FinalizationRegistry(giveMemoryBack);

class Block {
  readonly pointer: bigint = takeMemory(BLOCK_BYTES);
  constructor() {
    finalizers.register(this, this.pointer);
  }
}

async function useBlock(): Promise<void> {
  const block = new Block();
  await sleep(KEPT_MS);
  touchMemory(block.pointer);
}

await memoryLoop(useBlock, () => globalThis.gc?.()); // started with --expose-gc
