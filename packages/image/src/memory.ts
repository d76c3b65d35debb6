/** The budget of pixels. */
import { nativeMemory, processBudget, type Budget } from '@handback/core';

/**
 * Is the budget of the pixels of this process, in bytes; a child of `nativeMemory`, so what is taken here is taken there too. It may
 * take all of that unless told otherwise: `imageMemory.resize(256 * 2 ** 20)`.
 */
export const imageMemory: Budget = processBudget({ name: 'image memory', unit: 'bytes', parent: nativeMemory, capacity: () => nativeMemory.stats().capacity });
