// Each Node follows flows by machinery of its own (async hooks, context frames): what is a deadlock on one is one on all.
import { describe, expect, it } from 'vitest';
import { majors, run } from '../leaks/child.ts';

const circles = '../../deadlock/children/circles';
const told = { code: 'ERR_ACQUIRE_TIMEOUT', deadlock: true, certain: false, holders: 1 };

describe.each(majors)('on Node %i', (major) => {
  it('tells of a nested acquire, and of flows that cross, at their time-outs', () => {
    expect(run(circles, 'nested', { major }).said).toEqual([told]);
    const [ends] = run(circles, 'crossing', { major }).said as [unknown[]];
    // Both hold by the same line, and wait by the same.
    expect(ends).toContainEqual(told);
  });

  it('refuses the last that closes a circle at level strict, and the other goes on', () => {
    const { said } = run(circles, 'crossing', { major, leaks: 'strict' });
    expect(said).toEqual([['done', { code: 'ERR_BUDGET_EXCEEDED', deadlock: true, certain: true, holders: 1 }]]);
  });

  it.each(['trace', 'strict'])('calls a long line no deadlock, nor a wait for what was only started, at level %s', (leaks) => {
    expect(run(circles, 'loop', { major, leaks }).said).toEqual([
      { done: 500, last: { code: 'ERR_ACQUIRE_TIMEOUT', deadlock: false, certain: false, holders: 1 } },
    ]);
    expect(run(circles, 'started', { major, leaks }).said).toEqual([{ code: 'ERR_ACQUIRE_TIMEOUT', deadlock: false, certain: false, holders: 1 }]);
  });

  it('follows nobody at level count', () => {
    const [end] = run(circles, 'nested', { major, leaks: 'count' }).said;
    expect(end).toMatchObject({ code: 'ERR_ACQUIRE_TIMEOUT', deadlock: false });
  });

  // Older Nodes cannot parse it.
  it.skipIf(major < 24)('knows a `using` of the runtime itself', () => {
    expect(run('../../deadlock/children/bound', '', { major, leaks: 'strict' }).said).toEqual([{ code: 'ERR_BUDGET_EXCEEDED', deadlock: true }]);
  });
});
