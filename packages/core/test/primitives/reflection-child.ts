// Run by attributes.test.ts on a Node that has the classes: portrays the native ones and ours, and says which of the
// primitives that core exports are the native ones.
import * as primitives from '../../src/primitives/index.ts';
import { own } from './own.ts';
import { portrait } from './reflection.ts';
import { answer } from './talk.ts';

const native = Object.entries(primitives).map(([name, value]) => [name, value === Reflect.get(globalThis, name)]);
answer({ native: portrait(globalThis), ours: portrait(own), exported: Object.fromEntries(native) });
