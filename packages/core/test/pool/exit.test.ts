// A pool and the life of its process: idle it holds nothing up, a waiting acquire does, on every Node that is supported.
import { expect, describe, test } from 'vitest';
import { useCopies } from '../budget/copies.ts';

const { nodeBinary } = (await import(new URL('../../../../scripts/runtimes.mjs', import.meta.url).href)) as {
  nodeBinary(major: number): string | undefined;
};
const binaries = [20, 24, 26].map((major) => [major, nodeBinary(major)] as const).filter(([, binary]) => binary !== undefined);
const { run } = useCopies();

const start = `
  import { defineResource, Pool } from '@handback/core';
  const begun = performance.now();
  const kind = defineResource({ kind: 'thing', openSync: () => ({}), release: () => {} });
  const pool = new Pool(kind, { max: 1, min: 1, idleTimeout: 60_000, maxLifetime: 600_000, overdueAfter: 60_000 });
  process.on('exit', (code) => console.log(code, performance.now() - begun < 900));
`;

describe.each(binaries)('on Node %i', (_, binary) => {
  test('an idle pool, and one with a lease out, let the process end at once', async () => {
    const idle = await run(`${start} (await pool.acquire()).dispose(); console.log(pool.stats().idle);`, { node: binary });
    expect([idle.code, idle.output]).toEqual([0, '1\n0 true\n']);
    const lent = await run(`${start} globalThis.held = await pool.acquire(); console.log(pool.stats().leased);`, { node: binary });
    expect([lent.code, lent.output]).toEqual([0, '1\n0 true\n']);
  });

  test('a pool whose factory fails lets it end, too', async () => {
    const { code, output } = await run(
      `import { defineResource, Pool } from '@handback/core';
       const kind = defineResource({ kind: 'thing', openSync: () => { throw new Error('down'); }, release: () => {} });
       globalThis.pool = new Pool(kind, { max: 1, min: 1 });
       process.on('exit', (code) => console.log(code));`,
      { node: binary },
    );
    expect([code, output]).toEqual([0, '0\n']);
  });

  test.each([
    [
      'in line',
      "const held = await pool.acquire(); setTimeout(() => held.dispose(), 300).unref(); await pool.acquire({}, { timeout: Infinity }); console.log('served');",
    ],
    [
      'for an opening that would not keep it alive',
      `const slow = new Pool({ ...kind, kind: 'slow', acquire: () => new Promise((resolve) => void setTimeout(() => resolve(kind.acquire()), 300).unref()) }, { max: 1 });
       await slow.acquire(undefined, { timeout: Infinity }); console.log('served');`,
    ],
    [
      'for the end of a drain',
      "const held = await pool.acquire(); setTimeout(() => held.dispose(), 300).unref(); await pool.drain({ timeout: Infinity }); console.log('served');",
    ],
  ])('a wait %s keeps it alive', async (_name, program) => {
    const { code, output } = await run(`${start} ${program}`, { node: binary });
    expect([code, output.split('\n')[0]]).toEqual([0, 'served']);
  });
});
