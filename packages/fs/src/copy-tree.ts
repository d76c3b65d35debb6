/** Copying a tree, which holds a directory open for each level that it stands in: up to Node 25, as many as the tree is deep. */
import type { CopyOptions } from 'node:fs';
import { cp as copyNow } from 'node:fs/promises';
import { BudgetExceededError, type Permit } from '@handback/core';
import { descriptors, isExhausted } from './descriptors.ts';
import { pathAsOf, pathNow, type PathRequest } from './request.ts';

/** Levels that are paid for at first. Deeper trees have the reserve, and where that does not do either, more permits and another try. */
const LEVELS = 4;
const TRIES = 12;

/**
 * `cp` of `node:fs/promises`. A whole tree (`recursive`) stands in line for the descriptors it takes. Where they do not suffice the copy
 * begins again with more of them: then `filter` is asked again for what it was asked before.
 */
export async function cp(source: string | URL, destination: string | URL, options?: CopyOptions): Promise<void> {
  const from = pathAsOf(source);
  const to = pathAsOf(destination);
  if (options?.recursive !== true) return copy(from, to, options);
  // What is there already is an error to it, so what it has copied itself would be.
  const canRepeat = options.errorOnExist !== true || options.force !== false;
  for (let tries = 1; ; tries++) {
    using _levels = await permitFor(LEVELS * 2 ** (tries - 1));
    try {
      return await copy(from, to, options);
    } catch (error) {
      if (!isExhausted(error) || !canRepeat || tries === TRIES) throw error;
    }
  }
}

/** A permit for so many levels, or for the whole budget. Others may take from that meanwhile: then what is asked for is what is left. */
async function permitFor(levels: number): Promise<Permit> {
  for (;;) {
    const amount = Math.min(levels, descriptors.stats().capacity);
    try {
      return await descriptors.acquire(amount, { label: 'cp' });
    } catch (error) {
      if (!(error instanceof BudgetExceededError) || amount <= descriptors.stats().capacity || amount === 1) throw error;
    }
  }
}

function copy(from: PathRequest, to: PathRequest, options: CopyOptions | undefined): Promise<void> {
  return copyNow(pathNow(from) as string, pathNow(to) as string, options);
}
