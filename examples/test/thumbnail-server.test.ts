// The thumbnail server, end to end: what it answers, and that its budget is whole again whatever its clients do.
import { Budget } from '@handback/core';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import sharp from 'sharp';
import { photographs } from '../src/images/photographs.ts';
import { imageServer, type ServerOptions } from '../src/images/server.ts';

const MiB = 2 ** 20;
const photograph = readFileSync(photographs[0]!.path);

let place: string;
let folder: string;
let budget: Budget;
let server: Server;
let origin: string;

async function start(options: Partial<ServerOptions> = {}): Promise<void> {
  server = imageServer({ folder, budget, ...options });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'handback-server-'));
  folder = join(place, 'pictures');
  budget = new Budget({ name: 'pixels', unit: 'bytes', capacity: 64 * MiB });
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  rmSync(place, { recursive: true });
  await vi.waitFor(() => expect(budget.stats()).toMatchObject({ used: 0, waiting: 0 }));
  budget.dispose();
});

function fillFolder(): void {
  mkdirSync(join(folder, 'below'), { recursive: true });
  copyFileSync(photographs[0]!.path, join(folder, 'a b.jpg'));
  copyFileSync(photographs[1]!.path, join(folder, 'below', 'é.jpg'));
  copyFileSync(photographs[2]!.path, join(place, 'secret.jpg'));
  symlinkSync(join(place, 'secret.jpg'), join(folder, 'link.jpg'));
  writeFileSync(join(folder, 'broken.jpg'), photograph.subarray(0, 5_000));
  writeFileSync(join(folder, 'text.txt'), 'no picture');
}

function post(path: string, body: Uint8Array | ReadableStream): Promise<Response> {
  return fetch(`${origin}${path}`, { method: 'POST', body, ...(body instanceof ReadableStream && { duplex: 'half' }) } as RequestInit);
}

async function stats(): Promise<{ budget: Record<string, number>; uploads: Record<string, number>; resident: number; gone: number }> {
  return (await (await fetch(`${origin}/stats`)).json()) as Awaited<ReturnType<typeof stats>>;
}

/** The status of a path as it is: fetch would make it tidy. */
async function statusOfRaw(path: string): Promise<number | undefined> {
  const { hostname, port } = new URL(origin);
  const [response] = (await once(request({ hostname, port, path }).end(), 'response')) as [IncomingMessage];
  await buffer(response);
  return response.statusCode;
}

describe('an upload', () => {
  test('becomes a thumbnail of the width asked for', async () => {
    await start();
    const response = await post('/thumbnail?width=200', photograph);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('image/webp');
    expect(await sharp(await response.arrayBuffer()).metadata()).toMatchObject({ format: 'webp', width: 200 });
  });

  test('of unknown length is taken too', async () => {
    await start();
    const body = Readable.toWeb(Readable.from([photograph.subarray(0, 1_000), photograph.subarray(1_000)])) as ReadableStream;
    expect((await post('/thumbnail', body)).status).toBe(200);
  });

  test('becomes the colours of its parts, or a picture of more contrast, through its pixels', async () => {
    await start();
    const colours = (await (await post('/colours', photograph)).json()) as { width: number; colours: string[] };
    expect(colours.width).toBe(790);
    expect(colours.colours).toHaveLength(12);
    expect(colours.colours.every((colour) => /^#[0-9a-f]{6}$/.test(colour))).toBe(true);
    const flat = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#336699' } })
      .png()
      .toBuffer();
    expect(await (await post('/colours', flat)).json()).toMatchObject({ colours: Array(12).fill('#336699') });
    const stretched = await (await post('/contrast', photograph)).arrayBuffer();
    expect(await sharp(stretched).metadata()).toMatchObject({ format: 'jpeg', width: 790, height: 1024 });
  });

  test.each([
    ['what is no picture', 422, () => Buffer.from('no picture'), ''],
    ['half a picture', 422, () => photograph.subarray(0, 5_000), ''],
    ['nothing', 422, () => Buffer.alloc(0), ''],
    ['a width that is none', 400, () => photograph, '?width=0'],
    ['more than the budget has', 413, () => photograph, ''],
  ])('%s is refused with %d', async (what, status, body, query) => {
    if (what.startsWith('more')) budget.resize(MiB);
    await start();
    expect((await post(`/colours${query}`, body())).status).toBe(status);
    budget.resize(64 * MiB);
    expect((await post('/thumbnail', photograph)).status).toBe(200);
  });

  test('that says it is too large is refused before it is read', async () => {
    await start();
    const { hostname, port } = new URL(origin);
    const sent = request({ hostname, port, path: '/thumbnail', method: 'POST', headers: { 'content-length': 2 ** 40 } });
    sent.on('error', () => {}); // the connection ends with the answer
    sent.flushHeaders();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(413);
    sent.destroy();
  });
});

describe('the folder', () => {
  test('is listed, and its pictures are served by their paths', async () => {
    fillFolder();
    await start();
    expect(await (await fetch(`${origin}/pictures`)).json()).toEqual(['a b.jpg', 'below/é.jpg', 'broken.jpg']);
    for (const path of ['a%20b.jpg', 'below/%C3%A9.jpg']) expect((await fetch(`${origin}/thumbnail/${path}?width=50`)).status, path).toBe(200);
    expect((await fetch(`${origin}/contrast/broken.jpg`)).status).toBe(422);
    expect((await fetch(`${origin}/thumbnail/none.jpg`)).status).toBe(404);
  });

  test.each(['..%2fsecret.jpg', 'below%2f..%2f..%2fsecret.jpg', '%2e%2e%2fsecret.jpg', 'link.jpg', '.', 'below%2f..'])('is not left by %s', async (path) => {
    fillFolder();
    await start();
    expect([403, 404]).toContain(await statusOfRaw(`/thumbnail/${path}`));
  });

  test.each(['/thumbnail/%ff.jpg', '/thumbnail/a%00.jpg'])('is not asked for %s', async (path) => {
    fillFolder();
    await start();
    expect(await statusOfRaw(path)).toBe(400);
  });

  test('a page shows it', async () => {
    await start();
    const response = await fetch(origin);
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(await response.text()).toContain("fetch('/stats')");
  });
});

describe('the budget', () => {
  test('is told by /stats', async () => {
    await start();
    await (await post('/contrast', photograph)).arrayBuffer();
    const told = await stats();
    expect(told.budget).toMatchObject({ capacity: 64 * MiB, used: 0, waiting: 0 });
    expect(told.budget['peak']).toBeGreaterThan(790 * 1024 * 3);
    expect(told.uploads).toMatchObject({ used: 0, peak: photograph.byteLength });
    expect(told.resident).toBeGreaterThan(MiB);
  });

  test('a client that goes away while it waits gives its place back', async () => {
    await start();
    using all = budget.acquireSync(64 * MiB);
    const gone = new AbortController();
    const response = fetch(`${origin}/contrast`, { method: 'POST', body: photograph, signal: gone.signal });
    await vi.waitFor(() => expect(budget.stats().waiting).toBe(1));
    gone.abort();
    await expect(response).rejects.toThrow();
    await vi.waitFor(async () => expect(await stats()).toMatchObject({ gone: 1, budget: { waiting: 0 }, uploads: { used: 0 } }));
    all.dispose();
    expect((await post('/contrast', photograph)).status).toBe(200);
  });

  test('one that waits too long is told to come again', async () => {
    await start({ timeout: 50 });
    using _ = budget.acquireSync(64 * MiB);
    const response = await post('/contrast', photograph);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  });

  test('100 at once are all answered, and it is never exceeded', async () => {
    fillFolder();
    await start();
    const verbs = ['thumbnail?width=64', 'contrast?width=400', 'colours', 'thumbnail/a%20b.jpg'];
    const statuses = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const verb = verbs[i % verbs.length]!;
        const response = verb.includes('/') ? await fetch(`${origin}/${verb}`) : await post(`/${verb}`, readFileSync(photographs[i % 8]!.path));
        await response.arrayBuffer();
        return response.status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
    const { peak, capacity, waiting } = budget.stats();
    expect(peak).toBeLessThanOrEqual(capacity);
    expect(waiting).toBe(0);
  });
});
