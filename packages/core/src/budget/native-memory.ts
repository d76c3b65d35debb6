/** Bytes outside the JavaScript heap, for this process: the budget that image and GPU budgets are children of. */
import { memoryLimit } from '../runtime/memory.ts';
import { processBudget, type Budget } from './budget.ts';

/** The part of the memory limit that is lent: the rest is the heap's, the code's, and the other programs'. */
const LENT = 0.5;
/** Where no limit is known (browsers). */
const UNKNOWN_LIMIT = 2 * 2 ** 30;

/**
 * Is the budget of native bytes for this process: half of what its control group, or the machine, allows; looked up at the first
 * use. `nativeMemory.resize(bytes)` sets another.
 */
export const nativeMemory: Budget = processBudget({
  name: 'native memory',
  unit: 'bytes',
  capacity: () => Math.floor((memoryLimit() ?? UNKNOWN_LIMIT) * LENT),
});
