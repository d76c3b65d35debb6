// Our classes against the native ones of Node 24 and 26: the same random programs, interpreted there by both and here by ours, must leave
// the same traces.
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { movedDuringUse, traceOf } from './interpreter.ts';
import { own } from './own.ts';
import { everything, programs } from './programs.ts';
import { type Runtime, runtime } from './runtimes.ts';

const cases = fc.sample(programs(everything), { seed: 20_270_519, numRuns: 3_000 });

describe.each([24, 26])('Node %i', (major) => {
  let node: Runtime | undefined;
  beforeAll(() => {
    node = runtime(major);
  }, 120_000);

  it('leaves the same trace of any program by its own classes and by ours, turn by turn', { timeout: 60_000 }, async ({ skip }) => {
    if (node === undefined) {
      skip(`no binary of Node ${major}`);
      return;
    }
    const { native, ours } = node.run<{ native: string[][]; ours: string[][] }>(new URL('./native-child.ts', import.meta.url), cases);
    let compared = 0;
    for (const [index, program] of cases.entries()) {
      const here = await traceOf(program, own);
      expect({ program, trace: ours[index] }).toEqual({ program, trace: here });
      // V8 loses a resource whose getter of Symbol.dispose moves the stack it is being added to. ES2027 adds it to what was moved
      // (AddDisposableResource gets the capability before it gets the method), and so do ours: disposal.test.ts.
      if (here.some((line) => line.endsWith(movedDuringUse))) continue;
      expect({ program, trace: native[index] }).toEqual({ program, trace: here });
      compared += 1;
    }
    expect(compared).toBeGreaterThan(0.98 * cases.length);
  });
});
