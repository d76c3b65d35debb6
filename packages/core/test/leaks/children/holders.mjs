// Ways to hold a handle, for tests that churn: each takes a handle and answers an object that keeps it reachable, in some odd way, and
// gives it back. Everything here is plain JavaScript, so that a child process runs it as it is.
import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';

const keys = new Set();

class Private {
  #handle;
  constructor(handle) {
    this.#handle = handle;
  }
  take() {
    return this.#handle;
  }
}

export const holders = {
  variable: (handle) => ({ take: () => handle }),
  closure: (handle) => {
    const inner = () => () => handle;
    const outer = inner();
    return { take: () => outer() };
  },
  generator: (handle) => {
    const generator = (function* hold(held) {
      yield;
      yield held;
    })(handle);
    generator.next();
    return { take: () => generator.next().value };
  },
  asyncGenerator: (handle) => {
    let wake;
    const generator = (async function* hold(held) {
      await new Promise((resolve) => (wake = resolve));
      yield held;
    })(handle);
    const next = generator.next();
    return { take: () => (wake(), next.then(({ value }) => value)) };
  },
  suspendedFunction: (handle) => {
    let wake;
    const promise = (async (held) => {
      await new Promise((resolve) => (wake = resolve));
      return held;
    })(handle);
    return { take: () => (wake(), promise) };
  },
  resolvedPromise: (handle) => {
    const promise = Promise.resolve({ handle });
    return { take: () => promise.then((value) => value.handle) };
  },
  map: (handle) => {
    const map = new Map([['key', { deep: [handle] }]]);
    return { take: () => map.get('key').deep[0] };
  },
  set: (handle) => {
    const set = new Set([handle]);
    return { take: () => [...set][0] };
  },
  weakMapWithLiveKey: (handle) => {
    const key = {};
    const map = new WeakMap([[key, handle]]);
    keys.add(key);
    return { take: () => (keys.delete(key), map.get(key)) };
  },
  chainOfWeakMaps: (handle) => {
    const [first, second] = [{}, {}];
    const one = new WeakMap([[first, second]]);
    const two = new WeakMap([[second, handle]]);
    keys.add(first);
    return { take: () => (keys.delete(first), two.get(one.get(first))) };
  },
  privateField: (handle) => new Private(handle),
  boundFunction: (handle) => ({ take: ((held) => held).bind(undefined, handle) }),
  boundMethod: (handle) => {
    const read = handle.read.bind(handle);
    return { take: () => read() };
  },
  proxy: (handle) => {
    const proxy = new Proxy({}, { get: () => handle });
    return { take: () => proxy.anything };
  },
  getter: (handle) => ({
    get held() {
      return handle;
    },
    take() {
      return this.held;
    },
  }),
  symbolProperty: (handle) => {
    const key = Symbol('held');
    return {
      [key]: handle,
      take() {
        return this[key];
      },
    };
  },
  prototype: (handle) => ({ take: () => Object.getPrototypeOf(Object.create({ handle })).handle }),
  iterator: (handle) => {
    const iterator = [handle][Symbol.iterator]();
    return { take: () => iterator.next().value };
  },
  listener: (handle) => {
    const emitter = new EventEmitter();
    let taken;
    emitter.on('take', () => (taken = handle));
    return { take: () => (emitter.emit('take'), taken) };
  },
  asyncContext: (handle) => {
    const storage = new AsyncLocalStorage();
    const run = storage.run(handle, () => AsyncLocalStorage.bind(() => storage.getStore()));
    return { take: () => run() };
  },
  error: (handle) => {
    const error = new Error('held', { cause: handle });
    return { take: () => error.cause };
  },
  argumentsObject: (handle) => {
    const all = (function hold() {
      return arguments;
    })(handle);
    return { take: () => all[0] };
  },
  weakRefBesideAStrongOne: (handle) => {
    const weak = new WeakRef(handle);
    const strong = [handle];
    return { take: () => (strong.length === 1 ? weak.deref() : undefined) };
  },
};
