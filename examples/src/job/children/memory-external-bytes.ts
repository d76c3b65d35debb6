// Forgotten, but the collector is told of the bytes: it runs when they grow, without being forced. Nothing limits them.
import { collectGarbage, defineResource } from '@handback/core';
import { setTimeout as sleep } from 'node:timers/promises';
import { giveMemoryBack, takeMemory, touchMemory } from '../../native/system-memory.ts';
import { BLOCK_BYTES, KEPT_MS, memoryLoop } from './memory-loop.ts';

const blocks = defineResource({
  kind: 'block',
  openSync: takeMemory,
  release: giveMemoryBack,
  externalBytes: () => BLOCK_BYTES,
});

async function useBlock(): Promise<void> {
  const block = blocks.acquireSync(BLOCK_BYTES);
  await sleep(KEPT_MS);
  block.use(touchMemory);
}

await memoryLoop(useBlock, collectGarbage);
