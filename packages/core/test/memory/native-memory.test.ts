// nativeMemory: bytes outside the heap, for this process. Its limit is read at the first use, not at import.
import { describe, expect, test } from 'vitest';
import { nativeMemory } from '@handback/core';
import { useCopies } from '../budget/copies.ts';

const { run } = useCopies();

/** What the capacity is on a machine that says this of its memory, once the package was imported. */
async function capacityOf(machine: string): Promise<unknown> {
  const { output, errors } = await run(`
    import { nativeMemory } from '@handback/core';
    ${machine}
    console.log(JSON.stringify(nativeMemory.stats().capacity));
  `);
  return errors === '' ? JSON.parse(output) : errors;
}

const MACHINE = "process.getBuiltinModule = (name) => (name === 'node:os' ? { totalmem: () => 8 * 2 ** 30 } : undefined);";
const group = (bytes: string): string => `${MACHINE} process.constrainedMemory = () => ${bytes};`;

describe('the capacity', () => {
  test('is half of what the control group allows', async () => {
    expect(await capacityOf(group('2 ** 30'))).toBe(2 ** 29);
  });

  test.each(['0', '2 ** 63', '18446744073709551615', '9 * 2 ** 30'])(
    "is half of the machine's memory where the group sets no limit below it: %s",
    async (bytes) => {
      expect(await capacityOf(group(bytes))).toBe(4 * 2 ** 30);
    },
  );

  test('is half of the machine’s memory where there are no groups', async () => {
    expect(await capacityOf(`${MACHINE} process.constrainedMemory = undefined;`)).toBe(4 * 2 ** 30);
  });

  test('is a gibibyte where nothing is known, or nobody may ask', async () => {
    expect(await capacityOf('process.getBuiltinModule = undefined; process.constrainedMemory = undefined;')).toBe(2 ** 30);
    expect(
      await capacityOf(
        "process.getBuiltinModule = () => { throw new Error('not permitted'); }; process.constrainedMemory = () => { throw new Error('not permitted'); };",
      ),
    ).toBe(2 ** 30);
  });

  test('is looked up once', async () => {
    expect(await capacityOf(`${group('2 ** 30')} nativeMemory.tryAcquire(); process.constrainedMemory = () => 2 ** 20;`)).toBe(2 ** 29);
  });

  test.each([
    'nativeMemory.tryAcquire(1)',
    'nativeMemory.acquireSync(1)',
    'nativeMemory.reserve(1)',
    'await nativeMemory.acquire(1)',
    'nativeMemory.child({ name: "images", capacity: 2 ** 40 }).tryAcquire(1)',
  ])('is looked up by whatever comes first: %s', async (act) => {
    expect(await capacityOf(`${group('2 ** 30')} globalThis.held = ${act};`)).toBe(2 ** 29);
  });

  test('is what the app sets, if it sets one before', async () => {
    expect(await capacityOf(`nativeMemory.resize(12_345); ${group('2 ** 30')}`)).toBe(12_345);
  });

  test('bounds the children from the first use on', async () => {
    const asks = "if (nativeMemory.child({ name: 'images', capacity: 2 ** 40 }).tryAcquire(2 ** 29 + 1) !== undefined) throw new Error('no bound');";
    expect(await capacityOf(`${group('2 ** 30')} ${asks}`)).toBe(2 ** 29);
  });
});

test('it counts bytes, and says so', () => {
  expect([nativeMemory.unit, nativeMemory.name]).toEqual(['bytes', 'native memory']);
  const capacity = nativeMemory.stats().capacity;
  expect(() => nativeMemory.acquireSync(capacity + 1)).toThrow(/\d+\.\d [MGT]iB/);
});
