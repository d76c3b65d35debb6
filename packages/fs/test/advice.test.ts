// What the errors of full descriptors advise.
import { descriptors, open, openSync } from '@handback/fs';
import { expect, test } from 'vitest';

async function messageOf(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('It did not fail.');
}

test('they name what raises the limit of descriptors, and no option that is not there', async () => {
  const { capacity } = descriptors.stats();
  const larger = await messageOf(() => descriptors.acquire(capacity + 1));
  using _all = descriptors.reserve(2 * capacity, { label: 'sockets' });
  const messages = [larger, await messageOf(() => openSync(process.execPath)), await messageOf(() => open(process.execPath, 'r', undefined, { timeout: 1 }))];
  for (const message of messages) {
    expect(message).toContain('or raise the limit of descriptors (`ulimit -n`). A FileCache holds many files on few; openAll takes together');
    expect(message).not.toMatch(/oversize|raise the capacity/);
  }
});
