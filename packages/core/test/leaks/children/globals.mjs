// What the package changes in its process: looked at before it is loaded, after, and after it has been used.
import diagnostics from 'node:diagnostics_channel';
import util from 'node:util';

const places = {
  globalThis,
  Error,
  Promise,
  Symbol,
  WeakRef,
  FinalizationRegistry,
  AbortController,
  AbortSignal,
  process,
  util,
  diagnostics,
  Object,
  Array,
  Function,
};

/** Every own property of every place and of its prototype, by identity. */
function look() {
  const seen = new Map();
  for (const [name, place] of Object.entries(places)) {
    for (const [way, object] of [
      [name, place],
      [`${name}.prototype`, place.prototype],
    ]) {
      if (object === undefined || object === null) continue;
      for (const key of Reflect.ownKeys(object)) {
        const { value, get, set, writable, configurable, enumerable } = Object.getOwnPropertyDescriptor(object, key);
        seen.set(`${way}.${String(key)}`, [value, get, set, writable, configurable, enumerable]);
      }
    }
  }
  for (const name of process.eventNames()) seen.set(`listeners of ${String(name)}`, process.listeners(name));
  return seen;
}

/** Names of what is not the same. `_events` and the like are what the names of listeners stand for; some globals are made when first read. */
function differences(before, after) {
  const names = new Set([...before.keys(), ...after.keys()]);
  const same = (one, two) => one !== undefined && two !== undefined && one.length === two.length && one.every((value, index) => Object.is(value, two[index]));
  return [...names].filter(
    (name) =>
      !same(before.get(name), after.get(name)) &&
      !/process\._events|process\._eventsCount|globalThis\.(performance|navigator|crypto|localStorage|MessageChannel|Symbol\(undici)/.test(name),
  );
}

const start = look();
const { Budget, collectGarbage, collectGarbageSync, defineResource, leaks } = await import('@handback/core');
const loaded = look();
leaks.configure({ level: 'trace', warn: false });
const budget = new Budget({ name: 'b', capacity: 3 });
const files = defineResource({
  kind: 'file',
  openSync: () => 1,
  open: async () => 1,
  release: () => {},
  cost: () => ({ budget, amount: 1 }),
  externalBytes: () => 2 ** 26,
});
const held = files.acquireSync();
void held.value;
held.dispose();
await (await files.acquire(undefined, { timeout: 1_000, signal: new AbortController().signal })).disposeAsync();
for (let index = 0; index < 10; index++) (await files.acquireAll([undefined, undefined])).dispose();
collectGarbageSync();
await collectGarbage();
const used = look();
const forget = () => void files.acquireSync();
forget();
await collectGarbage();
console.log(JSON.stringify({ loaded: differences(start, loaded), used: differences(loaded, used), leaked: differences(used, look()) }));
