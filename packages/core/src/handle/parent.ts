/** Parents: a resource that others are acquired under, and that is released after them. `giveBack` (lifecycle.ts) undoes the count. */
import { detailsOf, isOpen, type ResourceRecord } from '../leaks/record.ts';
import { recordOf, type AsyncHandle } from './async-handle.ts';
import { refuse } from './refusal.ts';

/** The record of a parent, counted as having one child more from now on. Throws DisposedError or MovedError where it is not open. */
export function holdParent(parent: AsyncHandle<unknown> | undefined): ResourceRecord | undefined {
  if (parent === undefined) return undefined;
  const record = typeof parent === 'object' && parent !== null ? recordOf(parent) : undefined;
  if (record === undefined) throw new TypeError('Expected `parent` to be a handle of this copy of @handback/core');
  if (!isOpen(record)) refuse(record, 'acquire under');
  detailsOf(record).children++;
  return record;
}
