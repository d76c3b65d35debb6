/**
 * Collections on demand: let go of the young, collect, and give back what turns out to have been forgotten. All copies of the
 * package in the process take part, since one collection serves them all.
 */
import { collectFull, collector } from '../runtime/collector.ts';
import { host } from '../runtime/host.ts';
import { shared } from '../runtime/protocol.ts';
import { turn } from '../runtime/turn.ts';

/** How far a collection goes: the young generation alone, or everything. */
export type CollectionDepth = 'minor' | 'full';

/** Options of collectGarbage. */
export interface CollectOptions {
  /** `minor` (the young generation: cheap, finds what was dropped a moment ago) or `full` (the default). */
  depth?: CollectionDepth | undefined;
}

/**
 * Collects and sweeps within this job; answers how many leaked resources were released, or undefined where this runtime cannot tell
 * within the job: then finalizers run in the next turn.
 */
export function sweep(depth: CollectionDepth): number | undefined {
  const engine = collector();
  if (engine === undefined) return undefined;
  for (const copy of shared.copies) copy.promote();
  if (depth === 'full') collectFull();
  else engine.minor();
  let released: number | undefined;
  for (const copy of shared.copies) {
    const found = copy.sweep();
    if (found !== undefined) released = (released ?? 0) + found;
  }
  return released;
}

/**
 * Collects garbage, releases and reports every leaked resource, and resolves after the finalizers that became due have run.
 * False where the runtime offers no way to force a collection.
 *
 * *When to use*: in tests and tools. Budgets collect by themselves when they are full.
 */
export async function collectGarbage(options: CollectOptions = {}): Promise<boolean> {
  const depth = requireDepth(options);
  if (collector() === undefined) return pressOnce();
  // What this job touched through a WeakRef stays alive to the job's end.
  await turn();
  sweep(depth);
  await turn();
  return true;
}

/**
 * Collects garbage, and releases and reports every leaked resource, within this job. False where the runtime offers no way, or can
 * tell the living from the dead only in a later turn. What the calling function still holds stays.
 */
export function collectGarbageSync(options: CollectOptions = {}): boolean {
  return sweep(requireDepth(options)) !== undefined;
}

function requireDepth({ depth = 'full' }: CollectOptions): CollectionDepth {
  if (depth !== 'full' && depth !== 'minor') throw new TypeError(`Expected \`depth\` to be 'minor' or 'full', got ${String(depth)}`);
  return depth;
}

/**
 * Where no collection can be forced (browsers), one large block that nobody holds makes the engine look for garbage by itself, as
 * far as it will. Best effort, so the answer is false all the same.
 */
async function pressOnce(): Promise<boolean> {
  for (const copy of shared.copies) copy.promote();
  try {
    void new ArrayBuffer(512 * 2 ** 20);
  } catch {
    // No room for it: then the engine has just looked.
  }
  await new Promise<void>((resolve) => void host.setTimeout(resolve, 50));
  return false;
}
