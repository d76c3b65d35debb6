// Nothing global is patched, and no listener is added but the one that sums up leaks at exit.
import { expect, it } from 'vitest';
import { majors, run } from './child.ts';

it.each(majors)('changes nothing in its process but its own shared state, and one exit listener with the first leak (Node %i)', (major) => {
  const { status, said, stderr } = run('globals', 'all', { major });
  expect([status, stderr]).toEqual([0, '']);
  expect(said).toEqual([
    {
      loaded: ['globalThis.Symbol(handback)', 'globalThis.Symbol(handback/1)'],
      used: [],
      leaked: ['listeners of exit'],
    },
  ]);
});
