// Servers whose sockets and files share few descriptors.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get, type IncomingMessage, type RequestOptions } from 'node:http';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { countChild, countSockets, descriptors } from '@handback/fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const CLIENTS = 500;
const SIZE = 100_000;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'handback-'));
  writeFileSync(join(folder, 'page'), 'x'.repeat(SIZE));
});
afterAll(() => rmSync(folder, { recursive: true }));

const built = fileURLToPath(new URL('../dist/index.js', import.meta.url));
const program = (answer: string): string => `
  import { countSockets, createReadStream, descriptors, readFile } from ${JSON.stringify(built)};
  import { createServer } from 'node:http';
  import { pipeline } from 'node:stream/promises';
  const page = ${JSON.stringify(join(folder, 'page'))};
  const answer = ${answer};
  let failed = 0;
  const server = createServer((request, response) => void answer(response).catch((error) => {
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') failed++;
    response.destroy();
  }));
  server.on('error', () => failed++);
  countSockets(server);
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
  process.stdin.once('data', () => {
    const { capacity, peak } = descriptors.stats();
    // A socket that is let in never waits, so files may fill what is left before it comes: the reserve has room for that.
    console.log(failed, peak < capacity + 10);
    process.exit();
  });`;

/** Downloads the page, as often as it takes. */
async function download(port: number, agent: NonNullable<RequestOptions['agent']>): Promise<number> {
  for (;;) {
    try {
      const [response] = (await once(get({ port, host: '127.0.0.1', agent, timeout: 20_000 }), 'response')) as [IncomingMessage];
      let bytes = 0;
      for await (const piece of response) bytes += (piece as Buffer).length;
      return bytes;
    } catch {
      await sleep(20 + Math.random() * 100); // Turned away.
    }
  }
}

describe.each(['streams', 'whole files'])('a server of %s with 64 descriptors', (what) => {
  const answer =
    what === 'streams' ? `(response) => pipeline(createReadStream(page), response)` : `async (response) => void response.end(await readFile(page))`;

  test.each(['each with a connection of its own', 'whose connections are kept alive'])(
    `serves ${CLIENTS} clients at once, %s, and fails at nothing`,
    async (how) => {
      const keepAlive = how.includes('kept');
      const child = spawn('sh', ['-c', 'ulimit -n 64; exec "$0" "$@"', process.execPath, '--input-type=module', '--eval', program(answer)], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const port = Number((await lines.next()).value);
      const agents: Agent[] = [];
      const bytes = await Promise.all(
        Array.from({ length: CLIENTS }, () => {
          if (!keepAlive) return download(port, false);
          const agent = new Agent({ keepAlive: true });
          agents.push(agent);
          return download(port, agent);
        }),
      );
      expect(new Set(bytes)).toEqual(new Set([SIZE]));
      child.stdin.end('end\n');
      expect((await lines.next()).value).toBe('0 true');
      for (const agent of agents) agent.destroy();
      await once(child, 'exit');
    },
    60_000,
  );
});

async function connected(server: import('node:net').Server): Promise<Socket> {
  const client = connect((server.address() as AddressInfo).port);
  client.on('error', () => {});
  await Promise.race([once(server, 'connection'), once(server, 'drop')]);
  return client;
}

test('counted servers take no more than half of the budget together, or what they were told; a bound of the app’s own stays', async () => {
  const half = Math.floor(descriptors.stats().capacity / 2);
  const [first, second, own] = [createServer(), createServer(), createServer()];
  own.maxConnections = 7;
  const counts = [first, second, own].map((server) => countSockets(server));
  for (const server of [first, second, own]) await once(server.listen(0), 'listening');
  expect([first, second, own].map(({ maxConnections }) => maxConnections)).toEqual([half, half, 7]);
  const client = await connected(first);
  expect([first.maxConnections, second.maxConnections]).toEqual([half, half - 1]);
  const other = createServer();
  using bounded = countSockets(other, { atMost: 1 });
  await once(other.listen(0), 'listening');
  const clients = [await connected(other), await connected(other)];
  expect([other.maxConnections, bounded.count]).toEqual([1, 3]);
  first.maxConnections = 3;
  for (const each of [client, ...clients]) each.destroy();
  for (const count of counts) count.dispose();
  expect([first.maxConnections, second.maxConnections, own.maxConnections]).toEqual([3, undefined, 7]);
  await Promise.all([first, second, own, other].map((server) => once(server.close(), 'close')));
  expect(second.listenerCount('drop')).toBe(0);
});

test('what is no server, socket or child is refused', () => {
  for (const wrong of [{}, null, undefined, 'server', 3]) {
    expect(() => countSockets(wrong as never)).toThrow(TypeError);
    expect(() => countChild(wrong as never)).toThrow(TypeError);
  }
  for (const atMost of [0, -1, Number.NaN, '4x']) expect(() => countSockets(createServer(), { atMost: atMost as number })).toThrow(RangeError);
});
