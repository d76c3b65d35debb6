import type { Suite } from '../suite.ts';
import { permits, queue } from './budgets.ts';
import { handles, values } from './handles.ts';
import { decodes, estimates } from './images.ts';
import { poolsAlone, poolsInLine } from './pools.ts';
import { chunks, contention } from './shared.ts';

export const suites: readonly Suite[] = [handles, values, permits, queue, poolsAlone, poolsInLine, chunks, contention, decodes, estimates];
