// Without sharp: images in memory work, and what needs sharp says how to install it.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const packages = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'handback-image-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a module in a folder that has the two packages, and, if given, a sharp of some version. */
function run(source: string, sharpVersion?: string): unknown {
  const modules = join(folder, 'node_modules');
  for (const name of ['core', 'image']) {
    const to = join(modules, '@handback', name);
    cpSync(join(packages, name, 'dist'), join(to, 'dist'), { recursive: true });
    const exports = { '.': './dist/index.js' };
    writeFileSync(join(to, 'package.json'), JSON.stringify({ name: `@handback/${name}`, type: 'module', exports }));
  }
  rmSync(join(modules, 'sharp'), { recursive: true, force: true });
  if (sharpVersion !== undefined) {
    mkdirSync(join(modules, 'sharp'), { recursive: true });
    writeFileSync(join(modules, 'sharp', 'package.json'), JSON.stringify({ name: 'sharp', type: 'module', exports: './index.js' }));
    writeFileSync(join(modules, 'sharp', 'index.js'), `export default Object.assign(() => {}, { versions: { sharp: '${sharpVersion}' } });`);
  }
  writeFileSync(join(folder, 'main.mjs'), source);
  return JSON.parse(execFileSync(process.execPath, [join(folder, 'main.mjs')], { encoding: 'utf8' }));
}

const program = `
  import { decode, encode, estimateDecode, thumbnail, ImageBuffer, imageMemory } from '@handback/image';
  const image = ImageBuffer.allocateSync({ width: 2, height: 2, channels: 4 });
  const errors = [];
  for (const call of [() => decode(new Uint8Array(9)), () => thumbnail(new Uint8Array(9)), () => estimateDecode(new Uint8Array(9)), () => encode(image)]) {
    try { await call(); } catch (error) { errors.push([error.name, error.code, error.message]); }
  }
  image.dispose();
  console.log(JSON.stringify({ errors, used: imageMemory.stats().used }));
`;

test('sharp is not installed: the message has the command, and nothing is held', () => {
  const { errors, used } = run(program) as { errors: string[][]; used: number };
  expect(errors.map(([name, code]) => [name, code])).toEqual(Array.from({ length: 4 }, () => ['EngineMissingError', 'ERR_ENGINE_MISSING']));
  for (const [, , message] of errors) expect(message).toMatch(/sharp.*Install it: npm install sharp@/);
  expect(used).toBe(0);
});

test('sharp is too old: the message says which is needed', () => {
  const { errors } = run(program, '0.33.5') as { errors: string[][] };
  for (const [, code, message] of errors) {
    expect(code).toBe('ERR_ENGINE_MISSING');
    expect(message).toMatch(/Sharp 0\.33\.5 is too old: 0\.34\.5 or later/);
  }
});
