// Our classes against the package `disposablestack` 1.1.8, in this process, so that fast-check can shrink what differs. What that package is
// known to do otherwise is left out of the programs, and nothing else.
import { createRequire } from 'node:module';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { endedDuringUse, traceOf } from './interpreter.ts';
import { own } from './own.ts';
import type { Classes, Program } from './program.ts';
import { everything, programs } from './programs.ts';

const require = createRequire(import.meta.url);
const oracle: Classes = {
  DisposableStack: require('disposablestack/DisposableStack') as DisposableStackConstructor,
  AsyncDisposableStack: require('disposablestack/AsyncDisposableStack') as AsyncDisposableStackConstructor,
};

// It throws a TypeError of its own making where a getter of Symbol.dispose disposes or moves the stack that the resource is being added to.
it('leaves the trace of disposablestack for synchronous stacks', async () => {
  await fc.assert(
    fc.asyncProperty(programs({ ...everything, stacks: ['sync'] }), async (program) => {
      const trace = await traceOf(program, own);
      fc.pre(!trace.some((line) => line.endsWith(endedDuringUse)));
      expect(await traceOf(program, oracle)).toEqual(trace);
    }),
    { numRuns: 1_000 },
  );
});

// It starts to dispose one turn late and counts its awaits otherwise, so turns cannot be compared, nor what runs beside a disposal; and its
// disposeAsync throws on a wrong receiver, where ES2027 rejects. native.test.ts compares all three.
it('leaves the events of disposablestack for asynchronous stacks, one disposal at a time', async () => {
  const shape = { ...everything, effects: false, overlap: false, misuse: ['use', 'adopt', 'defer', 'move', 'disposed'] } as const;
  await fc.assert(
    fc.asyncProperty(programs(shape), async (program) => {
      expect(await eventsOf(program, own)).toEqual(await eventsOf(program, oracle));
    }),
    { numRuns: 1_000 },
  );
});

/** The trace without the turns, and without what tells them: when disposeAsync handed out its promise, and a dropped one resolved. */
async function eventsOf(program: Program, classes: Classes): Promise<string[]> {
  const events = (await traceOf(program, classes)).map((line) => line.slice(line.indexOf(' ') + 1));
  return events.filter((event) => !/^dispose \d: promise$|^disposer \d+ (resolves|rejects)$/.test(event));
}
