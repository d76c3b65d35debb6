/**
 * Flows: who continues with what an acquire has brought. An AsyncLocalStorage alone cannot tell: what an acquire enters there would
 * also be seen by whoever called the acquiring function and did not wait for it, such as a loop that starts ten thousand tasks. So the
 * storage is entered in the continuation itself: the promise made by `await acquire()` is seen by V8's promise hooks, and when it
 * runs, its flow is entered. Hooks slow down every promise of a process, so they are on for moments only: from an acquire to the end
 * of its job, and from a grant until what awaits it has run. Where a host lacks either, there are no flows.
 */
import { builtin } from './host.ts';

/** What was acquired in a place, and by whom: its parent is what the same flow had acquired before. It leads to no record and no handle. */
export class Flow {
  parent: Flow | undefined;
  /** Resources or permits of this acquire that are not given back yet. */
  held = 0;
  /** Acquires that wait in this flow, or in what it started. */
  waits = 0;
  /** A `using` declaration of this flow has taken it: it is given back at the end of that block, and by nobody else. */
  bound = false;
  /** Somebody awaits this acquire since the job in which it was made: it was not only begun, to be awaited once something else is done. */
  awaited = false;

  constructor(parent: Flow | undefined) {
    this.parent = parent;
  }
}

interface Storage {
  getStore(): Flow | undefined;
  enterWith(flow: Flow): void;
  run(flow: Flow, act: () => void): void;
}

interface PromiseHooks {
  onInit(hook: (promise: object, parent: object | undefined) => void): () => void;
  createHook(hooks: { [when in 'init' | 'before' | 'settled' | 'after']: (promise: object) => void }): () => void;
}

interface Machinery {
  readonly storage: Storage;
  readonly hooks: PromiseHooks;
  soon(callback: () => void): void;
}

let machinery: Machinery | undefined;
let searched = false;

function find(): Machinery | undefined {
  const Storage = builtin<{ AsyncLocalStorage?: new () => Storage }>('node:async_hooks')?.AsyncLocalStorage;
  const hooks = builtin<{ promiseHooks?: PromiseHooks }>('node:v8')?.promiseHooks;
  const soon = (globalThis as { queueMicrotask?: (callback: () => void) => void }).queueMicrotask;
  if (Storage === undefined || hooks === undefined || soon === undefined) return undefined;
  try {
    const storage = new Storage();
    // Used once before any hook of ours is set, and with a value (undefined is there already, and changes nothing): on Node 20 a storage
    // has hooks of its own, and those must run before ours.
    storage.run(new Flow(undefined), () => {});
    hooks.onInit(() => {})();
    return { storage, hooks, soon };
  } catch {
    return undefined; // Other hosts name what they do not have.
  }
}

/** What the running code holds: its last acquire that is not given back. */
export function currentFlow(): Flow | undefined {
  if (machinery === undefined) return undefined;
  const flow = nearest(machinery.storage.getStore());
  // What stands above one that is open was looked at when it was the nearest: a flow that lives for long grows no chain.
  if (flow !== undefined) flow.parent = nearest(flow.parent);
  return flow;
}

function nearest(flow: Flow | undefined): Flow | undefined {
  let at = flow;
  while (at !== undefined && at.held === 0) at = at.parent;
  return at;
}

/** True where the running code is what continued with the acquire of `flow`, or was called by it, and has acquired nothing since. */
export function isIn(flow: Flow): boolean {
  return machinery?.storage.getStore() === flow;
}

/** A flow for what is acquired now; undefined where this host cannot follow any. */
export function startFlow(): Flow | undefined {
  if (!searched) {
    searched = true;
    machinery = find();
  }
  return machinery === undefined ? undefined : new Flow(currentFlow());
}

/** Promises of acquires of this job, until it ends: who awaits one now continues with what it brings. */
const followed = new Map<object, Flow>();
/** Continuations that have not run yet. */
const continuations = new WeakMap<object, Flow>();
/** Of the other promises awaited in a job that acquires: who awaits them. One may be that of the function that acquires. */
const awaiters = new WeakMap<object, object>();

let stopInit: (() => void) | undefined;
let stopResuming: (() => void) | undefined;
let resuming = 0;

/** Lets whoever awaits `promise` in this job continue as `flow`. */
export function follow<T>(promise: Promise<T>, flow: Flow): Promise<T> {
  const { hooks, soon } = machinery as Machinery;
  followed.set(promise, flow);
  if (stopInit !== undefined) return promise;
  stopInit = hooks.onInit(noteAwait);
  soon(endJob);
  return promise;
}

function noteAwait(promise: object, parent: object | undefined): void {
  if (parent === undefined) return;
  const flow = followed.get(parent);
  if (flow !== undefined) {
    flow.awaited = true;
    continuations.set(promise, flow);
  } else awaiters.set(parent, promise);
}

function endJob(): void {
  stopInit?.();
  stopInit = undefined;
  followed.clear();
}

/** Says that a followed promise is resolved now, or was just now: what awaits it runs next. */
export function resume(): void {
  const { hooks, soon } = machinery as Machinery;
  resuming++;
  stopResuming ??= hooks.createHook(resumption);
  // The second microtask is queued when the continuation stands in the queue already.
  soon(afterNext);
}

function afterNext(): void {
  (machinery as Machinery).soon(endResuming);
}

function endResuming(): void {
  if (--resuming > 0) return;
  stopResuming?.();
  stopResuming = undefined;
  // It may have brought a handle, which it would keep alive.
  running = last = undefined;
}

/** The continuation that runs, and the promise that it settled, where it did nothing more with promises after that. */
let running: object | undefined;
let last: object | undefined;

const resumption = {
  before(promise: object): void {
    const flow = continuations.get(promise);
    if (flow === undefined) return;
    (machinery as Machinery).storage.enterWith(flow);
    running = promise;
    last = undefined;
  },
  init(): void {
    last = undefined;
  },
  settled(promise: object): void {
    // Its own is settled after what its function has returned.
    if (promise !== running) last = promise;
  },
  /** A function that returns settles its promise and does nothing more: what it acquired is its caller's, if that awaits it. */
  after(promise: object): void {
    if (promise !== running) return;
    const flow = continuations.get(promise) as Flow;
    continuations.delete(promise);
    running = undefined;
    const caller = last && awaiters.get(last);
    last = undefined;
    if (caller === undefined) return;
    continuations.set(caller, flow);
    resume();
  },
};
