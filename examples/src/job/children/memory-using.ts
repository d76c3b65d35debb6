// Nothing forgotten: `using` frees each block at the end of its function.
import { collectGarbage, defineResource } from '@handback/core';
import { setTimeout as sleep } from 'node:timers/promises';
import { giveMemoryBack, takeMemory, touchMemory } from '../../native/system-memory.ts';
import { BLOCK_BYTES, KEPT_MS, memoryLoop } from './memory-loop.ts';

const blocks = defineResource({ kind: 'block', openSync: takeMemory, release: giveMemoryBack });

async function useBlock(): Promise<void> {
  using block = blocks.acquireSync(BLOCK_BYTES);
  await sleep(KEPT_MS);
  block.use(touchMemory);
}

await memoryLoop(useBlock, collectGarbage);
