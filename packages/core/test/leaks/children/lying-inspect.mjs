// An app that puts another `util.inspect` in place, before the census is tested or after: what cannot be proven dead is never closed.
import util from 'node:util';
import { Budget, collectGarbage, collectGarbageSync, defineResource, leaks } from '@handback/core';

leaks.configure({ warn: false });
const [when] = process.argv.slice(2);
let released = 0;
const budget = new Budget({ name: 'few', capacity: 20 });
const files = defineResource({ kind: 'file', openSync: () => 1, release: () => void released++, cost: () => ({ budget, amount: 1 }) });
const forget = () => void files.acquireSync();
const held = Array.from({ length: 10 }, () => files.acquireSync());

const lie = () => (util.inspect = Object.assign(() => 'WeakSet { <items unknown> }', { custom: util.inspect.custom }));
if (when === 'before') lie();
const first = collectGarbageSync();
if (when === 'after') lie();
const second = collectGarbageSync();
for (let index = 0; index < 5; index++) forget();
await collectGarbage();
await collectGarbage();
const closed = held.filter(({ state }) => state !== 'open').length;
// The finalizer finds them all the same.
console.log(JSON.stringify({ first, second, closed, released: closed === 0 && released }));
