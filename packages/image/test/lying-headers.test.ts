import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { honest, lies } from './lying-headers.ts';
import { measure, unmeasured, type Measured } from './measure.ts';

const MIB = 2 ** 20;
const CAPACITY = 64 * MIB;
const CODES = ['ERR_IMAGE_INPUT', 'ERR_IMAGE_TOO_LARGE', 'ERR_BUDGET_EXCEEDED'];

describe.skipIf(unmeasured !== undefined)(`a header that lies, under a budget of 64 MiB${unmeasured === undefined ? '' : ` (skipped: ${unmeasured})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'handback-'));
  const warm = honest.map((_, index) => join(folder, `honest-${index}`));
  beforeAll(() => Promise.all(honest.map(async (make, index) => writeFile(warm[index] as string, await make()))));
  afterAll(() => rmSync(folder, { recursive: true }));

  for (const [index, { name, make, options = {} }] of lies.entries()) {
    it(`${name}: memory stays within the budget and a tenth, or the call rejects with a code`, { timeout: 60_000 }, async () => {
      const file = join(folder, String(index));
      await writeFile(file, await make());
      for (const operation of ['decode', 'thumbnail'] as const) {
        const found: Measured = await measure({ operation, file, warm, options, capacity: CAPACITY });
        if (process.env['SHOW'] !== undefined)
          console.log(name, operation, (found.peak / MIB).toFixed(1), 'reserved', (found.reserved / MIB).toFixed(1), found.code ?? 'decoded');
        expect.soft(found.used, operation).toBe(0);
        expect.soft(found.peak, operation).toBeLessThanOrEqual(CAPACITY * 1.1);
        if (found.code !== undefined) expect.soft(CODES, operation).toContain(found.code);
      }
    });
  }
});
