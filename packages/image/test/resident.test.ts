// Resident memory follows what is held, on every Node that is supported: measured, each in a fresh process, from the built package.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeBinary } from '../../../scripts/runtimes.mjs';
import { bytesOf } from './photographs.ts';

const child = fileURLToPath(new URL('children/resident.mjs', import.meta.url));
const nodes = [20, 22, 24, 26].map((major) => ({ major, node: nodeBinary(major) })).filter(({ node }) => node !== undefined);
const folder = mkdtempSync(join(tmpdir(), 'handback-image-'));
const photograph = join(folder, 'photograph.jpg');

beforeAll(async () => {
  writeFileSync(photograph, await sharp(bytesOf('nagasaki-boats')).resize(4_096, 2_048, { fit: 'fill' }).jpeg().toBuffer());
});
afterAll(() => rmSync(folder, { recursive: true }));

const measurable = existsSync('/proc/self/statm');
if (!measurable) console.log('skipped: resident memory is read from /proc, which this system does not have');

describe.skipIf(!measurable).each(nodes)('on Node $major', ({ node }) => {
  function run(way: string): { held: number; after: number; hits?: number } {
    return JSON.parse(execFileSync(node as string, [child, way, photograph], { encoding: 'utf8' })) as { held: number; after: number; hits?: number };
  }

  test('32 MiB of pixels that are disposed are gone within the call', () => {
    const { held, after } = run('allocate');
    expect(held).toBeGreaterThan(31);
    expect(after).toBeLessThan(2);
  });

  test('a pool reuses one block, and gives it back within its dispose', () => {
    const { held, after, hits } = run('pool');
    expect([held > 31, held < 40, after < 4, hits]).toEqual([true, true, true, 4]);
  });

  test('32 MiB that were decoded are held once, and gone a few turns after the dispose', () => {
    const { held, after } = run('decode');
    expect(held).toBeGreaterThan(28);
    expect(held).toBeLessThan(44);
    // What the decoder keeps for itself comes and goes.
    expect(held - after).toBeGreaterThan(28);
  });
});
