// A static file server that stays up when its descriptors run out: it may have 256, and 500 clients come at once. Its sockets are
// counted in the same budget as its files, and take half of it at most; a file that cannot be opened yet waits.
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { countSockets, descriptors, open, rm, writeFile } from '@handback/fs';
import { startLimited } from './limited.ts';

const CLIENTS = 500;
const root = tmpdir();
const page = `static-server-${process.pid}.html`;

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  await using file = await open(join(root, normalize(pathname)), 'r', undefined, { timeout: 5_000, label: 'download' });
  response.writeHead(200, { 'content-length': (await file.stat()).size });
  await pipeline(file.createReadStream(), response); // a client that goes away half-way ends it, and the file is closed
}

function refuse(response: ServerResponse, { code }: NodeJS.ErrnoException): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(code === 'ENOENT' ? 404 : 503, { 'retry-after': '1' }).end();
}

async function serve(): Promise<void> {
  const server = createServer({ keepAlive: false }, (request, response) => {
    answer(request, response).catch((error: NodeJS.ErrnoException) => refuse(response, error));
  });
  countSockets(server); // and lets in so many at a time that files find room: the others are turned away and come again
  let turnedAway = 0;
  server.on('drop', () => turnedAway++);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  process.send?.((server.address() as AddressInfo).port);
  await once(process, 'message');
  const { peak, capacity } = descriptors.stats();
  console.log(`The server had ${peak} of ${capacity} descriptors in use at most, turned ${turnedAway} connections away, and is up.`);
  server.close();
  process.disconnect();
}

/** Downloads the page, as often as it takes; answers how many bytes came. */
async function download(port: number): Promise<number> {
  for (;;) {
    try {
      const [response] = (await once(get({ port, host: '127.0.0.1', path: `/${page}`, agent: false }), 'response')) as [IncomingMessage];
      let bytes = 0;
      for await (const piece of response) bytes += (piece as Buffer).length;
      if (response.statusCode === 200) return bytes;
    } catch {
      // Turned away: the connection was reset.
    }
    await sleep(50);
  }
}

async function visit(): Promise<void> {
  const size = 300_000;
  await writeFile(join(root, page), 'x'.repeat(size));
  const server = startLimited(256, import.meta.filename, 'serve');
  const [port] = (await once(server, 'message')) as [number];
  const bytes = await Promise.all(Array.from({ length: CLIENTS }, () => download(port)));
  console.log(`${bytes.filter((each) => each === size).length} of ${CLIENTS} clients have the whole page.`);
  server.send('end');
  await once(server, 'exit');
  await rm(join(root, page));
}

await (process.argv.at(-1) === 'serve' ? serve() : visit());
