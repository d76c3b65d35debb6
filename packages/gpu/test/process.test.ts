// A heap keeps no process alive; on every Node that is supported, from the built package.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { nodeBinary } from '../../../scripts/runtimes.mjs';
import { missing } from './device.ts';

const child = fileURLToPath(new URL('children/heap.mjs', import.meta.url));
const nodes = [20, 22, 24, 26].map((major) => ({ major, node: nodeBinary(major) })).filter(({ node }) => node !== undefined);
const MiB = 2 ** 20;

describe.skipIf(missing !== undefined).each(nodes)('on Node $major a process ends by itself', { timeout: 60_000 }, ({ node }) => {
  async function run(way: string): Promise<{ told: unknown; warnings: string }> {
    const { stdout, stderr } = await promisify(execFile)(node as string, [child, way], { timeout: 30_000 });
    return { told: JSON.parse(stdout), warnings: stderr };
  }

  test('that holds textures, and keeps others idle', async () => {
    const { told } = await run('holds');
    expect(told).toEqual({ width: 512, used: 2 * MiB });
  });

  test('that has forgotten one: it is told of, with its label and bytes', async () => {
    const { warnings } = await run('forgets');
    expect(warnings).toMatch(/1 texture leaked \(1\.0 MiB\) at .*heap\.mjs:\d+/);
    expect(warnings).toContain('tile 3/4');
  });

  test('whose device is lost for ever while many wait', async () => {
    const { told } = await run('lost');
    expect(told).toEqual({ rejected: 20, used: 0 });
  });
});
