// An idle cache keeps no process alive, with or without a time-out; and a wait for what it holds does.
import { expect, it } from 'vitest';
import { useCopies } from '../budget/copies.ts';

const { run } = useCopies();
const cache = (options: string): string => `
  import { defineResource, ResourceCache } from '@handback/core';
  const kind = defineResource({ kind: 'book', openSync: (name) => name, release: (name) => console.log('released', name) });
  const cache = new ResourceCache(kind, { key: (name) => name, ${options} });
  globalThis.cache = cache;
  const atlas = await cache.acquire('atlas');
`;

it('ends with things idle, at once', async () => {
  const start = performance.now();
  const { code, output, errors } = await run(`${cache('idleTimeout: 60_000')} atlas.dispose(); console.log(JSON.stringify(cache.stats()));`);
  expect([code, output, errors]).toEqual([0, '{"size":1,"idle":1,"opening":0}\n', '']);
  expect(performance.now() - start).toBeLessThan(30_000);
});

it('lives while a key waits for a place', async () => {
  const { code, output } = await run(`${cache('max: 1')}
    setTimeout(() => atlas.dispose(), 700).unref();
    const bible = await cache.acquire('bible');
    console.log('served', bible.value);
  `);
  expect([code, output]).toEqual([0, 'released atlas\nserved bible\n']);
});
