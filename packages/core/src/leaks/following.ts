/** How an acquire is followed, at the levels that record every line: from the call, to whoever goes on with what it brought. */
import { follow, resume, startFlow, type Flow } from '../runtime/flow.ts';
import { watchBinding } from './binding.ts';
import { formatTrace } from './ledger.ts';
import { notesUses } from './levels.ts';
import type { Details, ResourceRecord } from './record.ts';
import { siteOf } from './site.ts';

/** Notes that the running code acquires. Several resources that are acquired together are given the flow of the first. */
export function startFollowing(details: Details, flow: Flow | undefined = startFlow()): void {
  if (flow === undefined) return;
  details.flow = flow;
  flow.held++;
}

/** The promise of an acquire, as the caller gets it. */
export function followed<T>(promise: Promise<T>, details: Details | undefined): Promise<T> {
  const flow = details?.flow;
  return flow === undefined ? promise : follow(promise, flow);
}

/** Says that the promise is resolved, now or by the end of this job, with `owner`. */
export function handOver<T extends object>(owner: T, details: Details | undefined): T {
  const flow = details?.flow;
  if (flow === undefined) return owner;
  if (notesUses) watchBinding(owner, flow);
  resume();
  return owner;
}

/** From here on nobody knows who holds it: it was given back, or handed on. */
export function leaveFlow(details: Details): void {
  const { flow } = details;
  if (flow === undefined) return;
  if (flow.waits > 0) noteHandedOn(details);
  flow.held--;
  details.flow = undefined;
}

/**
 * Lines whose resources were given back while their own flow waited: by somebody to whom they had been handed on, such as a task that
 * a loop has started with its permit. To wait there is no deadlock, the next time either.
 */
const handingOn = new Set<string>();
const MOST_LINES = 1_000;

function noteHandedOn({ site, trace }: Details): void {
  const line = site ?? (trace && siteOf('', trace));
  if (line !== undefined && handingOn.size < MOST_LINES) handingOn.add(line.text);
}

/** True where what is acquired in the line of a record is known to be handed on. */
export function isHandedOn(record: ResourceRecord): boolean {
  if (handingOn.size === 0) return false;
  formatTrace(record);
  return handingOn.has(record.details?.site?.text ?? '');
}

/** Counts a wait that begins, or one less that has ended, for all that was acquired on the way to it. */
export function countWait(details: Details | undefined, change: 1 | -1): void {
  for (let flow = details?.flow?.parent; flow !== undefined; flow = flow.parent) flow.waits += change;
}
