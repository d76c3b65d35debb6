// How much is recorded: by the environment, by a call, by the mode the program runs in; and what is not known is said, not obeyed.
import { defineResource, leaks, type LeakLevel } from '@handback/core';
import { afterEach, expect, it } from 'vitest';
import { thrownBy, turn } from '../handle/platform.ts';
import { type Conditions, run } from './child.ts';

afterEach(() => leaks.configure({ level: 'trace', touch: 4, warn: true }));

const level = (leaks: string, env: Conditions['env'] = {}) => run('warnings', 'level', { leaks, env });

it('is trace in development and tests, count elsewhere', () => {
  expect(level('', { NODE_ENV: 'development' }).said).toEqual(['trace']);
  expect(level('', { NODE_ENV: 'test' }).said).toEqual(['trace']);
  expect(level('', { NODE_ENV: 'production' }).said).toEqual(['count']);
  expect(level('', { NODE_ENV: '' }).said).toEqual(['count']);
});

it.each(['off', 'count', 'sample', 'trace', 'strict'])('is set by HANDBACK_LEAKS=%s', (name) => {
  expect(level(name)).toMatchObject({ said: [name], stderr: '' });
  expect(level(` ${name} , touch=9`)).toMatchObject({ said: [name], stderr: '' });
});

it.each(['loud', 'TRACE', 'touch', 'touch=', 'touch=-1', 'touch=1.5', 'touch=99999999999999999999', 'age=30s', 'trace=1'])(
  'warns of HANDBACK_LEAKS=%s, and keeps the default',
  (text) => {
    const { status, said, warnings } = level(text);
    expect([status, said]).toEqual([0, ['count']]);
    expect(warnings).toEqual([
      `[HANDBACK_LEAKS] HandbackWarning: HANDBACK_LEAKS: '${text}' is not known, and ignored. Expected a level (off, count, sample, trace, strict), then touch=N, as in HANDBACK_LEAKS=strict,touch=8.`,
    ]);
  },
);

it('reads what it knows beside what it does not', () => {
  const { said, warnings } = level('nonsense,strict');
  expect(said).toEqual(['strict']);
  expect(warnings).toHaveLength(1);
});

it('is changed by a call, which wins', () => {
  leaks.configure({ level: 'off' });
  expect(leaks.level).toBe('off');
  leaks.configure({ warn: false });
  expect(leaks.level).toBe('off');
  leaks.configure({ level: undefined, touch: undefined });
  expect(leaks.level).toBe('off');
});

it('refuses what is no level and no number of touches, and changes nothing', () => {
  expect(thrownBy(() => leaks.configure({ level: 'loud' as LeakLevel }))).toMatchObject({
    name: 'TypeError',
    message: 'Expected `level` to be one of off, count, sample, trace, strict, got loud',
  });
  for (const touch of [-1, 1.5, Number.NaN, '4' as unknown as number]) {
    expect(thrownBy(() => leaks.configure({ level: 'off', touch }))).toMatchObject({
      message: `Expected \`touch\` to be a whole number from 0 up, got ${String(touch)}`,
    });
  }
  expect(leaks.level).toBe('trace');
});

it.each<[LeakLevel, number, number]>([
  ['off', 0, 0],
  ['count', 0, 0],
  ['sample', 1, 60],
  ['trace', 1_000, 1_000],
  ['strict', 1_000, 1_000],
])('records at level %s between %i and %i lines of a thousand', async (name, least, most) => {
  leaks.configure({ level: name });
  const kind = defineResource({ kind: `counted at ${name}`, openSync: () => 1, release: () => {} });
  const held = Array.from({ length: 1_000 }, () => kind.acquireSync());
  const lines = leaks.live().filter((live) => live.kind === kind.kind && live.site !== undefined).length;
  expect(lines).toBeGreaterThanOrEqual(least);
  expect(lines).toBeLessThanOrEqual(most);
  for (const handle of held) handle.dispose();
  await turn();
});
