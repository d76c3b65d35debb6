// A kind of resource of one's own: blocks of native memory, counted in bytes under a budget. What a library that wraps C would write.
import { Budget, defineResource, type Handle } from '@handback/core';
import { giveMemoryBack, MIB, takeMemory, touchMemory } from './native/system-memory.ts';

const memory = new Budget({ name: 'native blocks', capacity: 64 * MIB, unit: 'bytes' });

const blocks = defineResource({
  kind: 'block',
  openSync: takeMemory,
  release: giveMemoryBack,
  cost: (bytes) => ({ budget: memory, amount: bytes }), // admitted before it is taken
  externalBytes: () => 16 * MIB, // the collector cannot see them: tell it
  describe: (pointer) => `block at 0x${pointer.toString(16)}`,
});

async function work(name: string): Promise<void> {
  using block: Handle<bigint> = await blocks.acquire(16 * MIB, { label: name }); // waits in line while the budget is full
  await block.use(async (pointer) => {
    touchMemory(pointer);
    await new Promise((resolve) => setTimeout(resolve, 20));
  });
} // given back here

await Promise.all(Array.from({ length: 12 }, (_, i) => work(`job ${i}`)));
const { used, peak, capacity } = memory.stats();
console.log(`12 jobs of 16 MiB each: ${peak / MIB} of ${capacity / MIB} MiB at most, ${used} bytes in use now.`);
