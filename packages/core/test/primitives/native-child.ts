// Run by native.test.ts on a Node that has the classes: takes programs, answers their traces by the native classes and by ours.
import { traceOf } from './interpreter.ts';
import { own } from './own.ts';
import type { Program } from './program.ts';
import { answer, question } from './talk.ts';

const native: string[][] = [];
const ours: string[][] = [];
for (const program of question<Program[]>()) {
  native.push(await traceOf(program, globalThis));
  ours.push(await traceOf(program, own));
}
answer({ native, ours });
