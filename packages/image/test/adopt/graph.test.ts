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
  /** MiB by which resident memory fell when four were disposed. */
  readonly fell?: number;
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
  it('the heap of OpenCV.js stays small where Mats are disposed, or owned and forgotten', { timeout: 200_000 }, () => {
    const dropped = graph(major, 'mat', 'dropped');
    expect(dropped.peak).toBeGreaterThan(600);
    const used = graph(major, 'mat', 'using');
    expect([used.peak < 150, used.used, used.failed]).toEqual([true, 0, undefined]);
    for (const way of ['forgotten', 'admitted']) {
      const { peak, heap, failed } = graph(major, 'mat', way);
      expect([peak < 400, (heap as number) < (dropped.heap as number), failed]).toEqual([true, true, undefined]);
    }
  });

  it('the pixels of a surface go by its dispose() alone, which the handle calls', { timeout: 100_000 }, () => {
    expect(graph(major, 'surface', 'freed').peak).toBeGreaterThan(600);
    const { peak, used, failed } = graph(major, 'surface', 'using');
    expect([peak < 150, used, failed]).toEqual([true, 0, undefined]);
  });

  it.each(['canvas', 'image'])('resident memory falls at once when the handles of four (%s) are disposed', { timeout: 100_000 }, (engine) => {
    expect(graph(major, engine, 'falls').fell).toBeGreaterThan(100);
  });
});
