// Forgotten, under a budget of 64 MiB: the third block does not fit, so the forgotten ones are found and freed first.
import { Budget, collectGarbage, defineResource } from '@handback/core';
import { setTimeout as sleep } from 'node:timers/promises';
import { giveMemoryBack, MIB, takeMemory, touchMemory } from '../../native/system-memory.ts';
import { BLOCK_BYTES, KEPT_MS, memoryLoop } from './memory-loop.ts';

const memory = new Budget({ name: 'blocks', capacity: 64 * MIB, unit: 'bytes' });
const blocks = defineResource({
  kind: 'block',
  openSync: takeMemory,
  release: giveMemoryBack,
  cost: (bytes) => ({ budget: memory, amount: bytes }),
});

async function useBlock(): Promise<void> {
  const block = await blocks.acquire(BLOCK_BYTES);
  await sleep(KEPT_MS);
  block.use(touchMemory);
}

await memoryLoop(useBlock, collectGarbage);
