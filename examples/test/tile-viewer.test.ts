// The tile viewer in a real browser: it streams many times its budget, keeps within it, and survives the loss of its device.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { texelsOf, variety } from './png.ts';

const EXECUTABLE = process.env['HANDBACK_CHROMIUM'] ?? '/usr/bin/chromium';
/** WebGPU on the software driver that chromium brings, and a compositor that can show its canvas. */
const FLAGS = ['--no-sandbox', '--enable-unsafe-webgpu', '--enable-features=Vulkan', '--use-vulkan=swiftshader', '--use-angle=swiftshader'];
const PROGRAM = fileURLToPath(new URL('../dist/tile-viewer.js', import.meta.url));
const OUT = fileURLToPath(new URL('../../out/', import.meta.url));
const MIB = 2 ** 20;
const BUDGET = 16 * MIB;
const [WIDTH, HEIGHT] = [800, 560];

const missing = existsSync(EXECUTABLE) ? undefined : 'no browser: install chromium, or say where it is by HANDBACK_CHROMIUM';
if (missing !== undefined) {
  if (process.env['CI'] !== undefined) throw new Error(`CI has to have a browser: ${missing}`);
  console.log(`skipped: ${missing}`);
}

/** What the page says of itself. */
interface Said {
  live: number;
  idle: number;
  created: number;
  reused: number;
  evicted: number;
  bytes: number;
  ready: number;
  coming: number;
  aborted: number;
  found: number;
  highest: number;
  peak: number;
  samples: number;
  errors: string[];
}

describe.skipIf(missing !== undefined)('the tile viewer', () => {
  let server: ChildProcess;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    server = spawn(process.execPath, [PROGRAM, '--budget', '16MiB'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(server.stdout as NonNullable<ChildProcess['stdout']>, 'data')) as [Buffer];
    browser = await chromium.launch({ executablePath: EXECUTABLE, headless: true, args: FLAGS });
    page = await browser.newPage({ viewport: { width: WIDTH, height: HEIGHT } });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(/http:\S+/.exec(String(line))![0]);
    await page.waitForSelector('body[data-state=open]', { timeout: 60_000 });
    // Text, since the transform that tests go through would put its own names into a function.
    await page.evaluate(`
      globalThis.seen = { highest: 0, samples: 0 };
      const look = () => {
        const { live, idle, retired, staging } = viewer.heap.stats();
        seen.highest = Math.max(seen.highest, live + idle + retired + staging);
        seen.samples++;
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);`);
  });

  afterAll(async () => {
    await browser?.close();
    server?.kill();
  });

  test('streams more than five times its budget, and is never above it', { timeout: 240_000 }, async () => {
    await settled();
    expect(variety(texelsOf(await picture('tile-viewer-start')))).toBeGreaterThan(200);
    const middle = [250, HEIGHT / 2] as const;
    await page.mouse.move(...middle);
    for (let leg = 0; leg < 200 && (await said()).bytes <= 5.2 * BUDGET; leg++) {
      // Elsewhere now and then, so that it does not end at an edge.
      const [x, y] = [(leg * 9_973) % 60_000, (leg * 7_919) % 60_000];
      if (leg % 5 === 4) await page.evaluate(`viewer.camera.lookAt(${x}, ${y}, viewer.camera.view.scale / devicePixelRatio), viewer.ask()`);
      else if (leg % 4 === 3) await wheel(leg % 8 === 3 ? 3 : -3);
      else await drag(middle, leg % 4 === 1 ? [-180, -260] : [-240, 40]);
      if (leg % 3 === 2) await settled();
    }
    // A view that is left in the same turn: none of its tiles can have come.
    const { aborted: before } = await said();
    await page.evaluate(`{
      const { camera, tiles } = viewer;
      const { x, y, scale } = camera.view;
      for (const [atX, atY] of [[50_000, 50_000], [20_000, 40_000], [x, y]]) {
        camera.lookAt(atX, atY, scale / devicePixelRatio);
        tiles.update(camera.view);
      }
    }`);
    expect((await said()).aborted).toBeGreaterThan(before);
    await settled();
    const { bytes, highest, peak, samples, created, reused, errors } = await said();
    expect(bytes).toBeGreaterThan(5 * BUDGET);
    expect(samples).toBeGreaterThan(20);
    expect(highest).toBeLessThanOrEqual(BUDGET);
    expect(peak).toBeLessThanOrEqual(BUDGET);
    // Tiles are of one size, so those that left serve those that come.
    expect(created).toBeLessThan(40);
    expect(reused).toBeGreaterThan(created);
    expect(errors).toEqual([]);
  });

  test('moves and zooms by keys', async () => {
    const view = (): Promise<{ x: number; y: number; scale: number }> => page.evaluate('viewer.camera.view');
    const before = await view();
    for (const key of ['ArrowLeft', 'ArrowUp', '-']) await page.keyboard.press(key);
    const after = await view();
    expect([after.x < before.x, after.y < before.y, after.scale < before.scale]).toEqual([true, true, true]);
  });

  test('evicts what is idle for tiles of another size', { timeout: 60_000 }, async () => {
    const { evicted } = await said();
    await page.check('input[name=side][value="256"]');
    await settled();
    expect((await said()).evicted).toBeGreaterThan(evicted);
  });

  test('goes on with another device when its own is lost', { timeout: 60_000 }, async () => {
    const before = variety(texelsOf(await picture('tile-viewer-before')));
    await page.click('#lose');
    await page.waitForFunction(`document.querySelector('#event').textContent.includes('another was attached')`);
    await settled();
    const { live, peak, errors } = await said();
    expect(live).toBeGreaterThan(0);
    expect(peak).toBeLessThanOrEqual(BUDGET);
    expect(errors).toEqual([]);
    expect(variety(texelsOf(await picture('tile-viewer')))).toBeGreaterThan(before / 2);
  });

  test('finds tiles that were dropped without a dispose', { timeout: 120_000 }, async () => {
    for (let round = 0; round < 20 && (await said()).found === 0; round++) {
      await page.click('#forget');
      await settled();
    }
    const { found, highest, peak } = await said();
    expect(found).toBeGreaterThan(0);
    expect(Math.max(highest, peak)).toBeLessThanOrEqual(BUDGET);
  });

  test('says so where there is no WebGPU', async () => {
    await using other = await browser.newPage();
    await other.addInitScript(`Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined })`);
    await other.goto(page.url());
    await other.waitForSelector('body[data-state=none]');
    expect(await other.innerText('#none')).toMatch(/has no WebGPU[^]*chrome:\/\/flags/);
  });

  test('has nothing to complain of', () => expect(complaints).toEqual([]));

  async function drag([x, y]: readonly [number, number], [across, down]: readonly [number, number]): Promise<void> {
    await page.mouse.down();
    await page.mouse.move(x + across / 2, y + down / 2);
    await page.mouse.move(x + across, y + down);
    await page.mouse.up();
    await page.mouse.move(x, y);
  }

  async function wheel(turns: number): Promise<void> {
    for (let i = 0; i < Math.abs(turns); i++) await page.mouse.wheel(0, -200 * Math.sign(turns));
  }

  /** All that is in view has come. */
  async function settled(): Promise<void> {
    // A frame later, since what was done last may not have been drawn.
    await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
    await page.waitForFunction('viewer.tiles.ready > 0 && viewer.tiles.coming === 0', undefined, { timeout: 60_000 });
  }

  function said(): Promise<Said> {
    return page.evaluate<Said>(`(() => {
      const { tiles, bytes, found, errors, heap } = viewer;
      const { ready, coming, aborted } = tiles;
      return { ...heap.stats(), ...seen, peak: heap.budget.stats().peak, bytes, found, errors, ready, coming, aborted };
    })()`);
  }

  async function picture(name: string): Promise<Buffer> {
    mkdirSync(OUT, { recursive: true });
    return await page.screenshot({ path: `${OUT}${name}.png` });
  }
});
