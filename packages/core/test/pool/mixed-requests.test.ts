// A pool without keys lends what it has for any request: where requests differ, that is hardly meant, and said once.
import { afterEach, expect, test, vi } from 'vitest';
import { poolOf, Works } from './support.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

function warned(): string[] {
  const warnings: string[] = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((message) => void warnings.push(String(message)));
  return warnings;
}

test('texts that differ are told, once, with both', async () => {
  const warnings = warned();
  const pool = poolOf(new Works());
  for (const host of ['db1', 'db1', 'db2', 'db3']) (await pool.acquire(host)).dispose();
  expect(warnings).toEqual([
    'Pool \'things\' has no `key`, so what was opened for "db1" is lent for "db2" too. Give it a `key`; where that is meant, `key: () => \'\'`.',
  ]);
});

test('with a key nothing is told', async () => {
  const warnings = warned();
  const pool = poolOf(new Works(), { key: () => '' });
  for (const host of ['db1', 'db2']) (await pool.acquire(host)).dispose();
  expect(warnings).toEqual([]);
});
