// Opens so many, forgets most, holds some in all sorts of ways, under a small budget: the second argument says how. Prints what happened.
import { holders } from './holders.mjs';
import { Budget, defineResource, Handle, leaks } from '@handback/core';

const [mode, opens, capacity] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
leaks.configure({ warn: false });

let next = 0;
let releases = 0;
let wrong = 0;
let most = 0;
const open = new Set();
const held = new Set();

class Odd extends Handle {
  #size = 0;
  constructor(ownership) {
    super(ownership);
    this.#size = this.value;
    if (this.#size % 3 === 0) Object.freeze(this);
  }
  read() {
    return this;
  }
  get [Symbol.toStringTag]() {
    throw new Error('tag');
  }
  toString() {
    throw new Error('toString');
  }
  [Symbol.toPrimitive]() {
    throw new Error('toPrimitive');
  }
  [Symbol.for('nodejs.util.inspect.custom')]() {
    throw new Error('inspect');
  }
}

const budget = new Budget({ name: 'churn', capacity });
const raw = () => {
  open.add(++next);
  if (open.size > most) most = open.size;
  return next;
};
const definition = {
  kind: 'file',
  openSync: raw,
  open: async () => raw(),
  release: (number) => {
    if (held.has(number)) wrong++;
    if (!open.delete(number)) wrong++;
    releases++;
  },
  cost: () => ({ budget, amount: 1 }),
};
const plain = defineResource(definition);
const odd = defineResource({ ...definition, handle: Odd });
const names = Object.keys(holders);
const ring = Array.from({ length: Math.floor(capacity / 4) });

async function replace(slot, index, acquire) {
  const before = ring[slot];
  if (before !== undefined) {
    const handle = await before.holder.take();
    // Still open, and used by its holder like any other.
    if (handle.state !== 'open' || handle.use((number) => number) !== before.number || !open.has(before.number)) wrong++;
    held.delete(before.number);
    handle.dispose();
  }
  ring[slot] = await hold(names[index % names.length], acquire);
}

async function hold(name, acquire) {
  const handle = await acquire();
  const number = handle.value;
  held.add(number);
  return { number, holder: holders[name](handle) };
}

const ways = {
  sync: [() => odd.acquireSync(), () => void odd.acquireSync()],
  async: [() => odd.acquire(), async () => void (await plain.acquire())],
};
const [acquire, forget] = ways[mode];
for (let index = 0; index < opens; index++) {
  if (index % 16 === 0) await replace((index / 16) % ring.length, index / 16, acquire);
  else if (mode === 'sync') forget();
  else await forget();
}
for (const [slot] of ring.entries()) await replace(slot, 0, acquire);
console.log(JSON.stringify({ opens: next, wrong, within: most <= capacity, held: held.size, releases }));
