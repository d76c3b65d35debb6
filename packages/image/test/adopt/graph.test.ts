// The memory graph, on the real libraries: 25 objects of 32 MiB, made one after the other, in a process of its own each time. On a
// quiet machine Mats and surfaces that are dropped peak at 800 MiB above the base, disposed at 35, owned and forgotten at 90 to 125.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const { nodeBinary } = (await import(new URL('../../../../scripts/runtimes.mjs', import.meta.url).href)) as {
  nodeBinary(major: number): string | undefined;
};
const here = Number(process.versions.node.split('.')[0]);
const majors = [...new Set([here, 26])].filter((major) => nodeBinary(major) !== undefined);

interface Graph {
  /** MiB of resident memory above the base. */
  readonly peak: number;
  /** MiB counted at the end. */
  readonly used: number;
  /** MiB of the WASM heap. */
  readonly heap?: number;
  readonly failed?: string;
}

function graph(major: number, engine: string, way: string): Graph {
  // Types are stripped by newer Nodes alone, so the oldest runs what was built.
  const source = major >= 24 ? ['--conditions=handback-source'] : [];
  const path = fileURLToPath(new URL('children/graph.mjs', import.meta.url));
  const { stdout, stderr } = spawnSync(nodeBinary(major) as string, [...source, path, engine, way], {
    encoding: 'utf8',
    timeout: 100_000,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NODE_ENV: 'production' },
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Graph;
}

describe.each(majors)('on Node %i', (major) => {
  it.each(['mat', 'surface'])('the heap of a WASM engine (%s) stays small where handles are disposed, or forgotten', { timeout: 200_000 }, (engine) => {
    const dropped = graph(major, engine, 'dropped');
    expect(dropped.peak).toBeGreaterThan(600);
    const used = graph(major, engine, 'using');
    expect([used.peak < 150, used.used, used.failed]).toEqual([true, 0, undefined]);
    for (const way of ['forgotten', 'admitted']) {
      const { peak, heap, failed } = graph(major, engine, way);
      expect([peak < 400, (heap as number) < (dropped.heap as number), failed]).toEqual([true, true, undefined]);
    }
  });

  it('the pixels of a surface go only by its dispose(), which the handle calls', { timeout: 100_000 }, () => {
    expect(graph(major, 'surface', 'freed').peak).toBeGreaterThan(600);
  });

  it.each(['canvas', 'image'])('resident memory falls with the handle of a %s', { timeout: 100_000 }, (engine) => {
    const { peak, failed } = graph(major, engine, 'using');
    expect([peak < 150, failed]).toEqual([true, undefined]);
  });
});
