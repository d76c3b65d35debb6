// A server that makes thumbnails of what strangers upload and of the pictures of a folder. Any number of requests may come at once:
// each waits until the pixels that it needs fit in the budget, so the memory of the process stays inside a number.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Budget, type Permit } from '@handback/core';
import { countSockets, descriptors } from '@handback/fs';
import { HttpError, statusOf } from './errors.ts';
import { listPictures, pathWithin } from './folder.ts';
import { operations, type Answer, type Asked } from './operations.ts';
import { page } from './page.ts';
import { MIB } from './sizes.ts';

export interface ServerOptions {
  folder: string;
  /** Of pixels, and all that decoding takes. */
  budget: Budget;
  /** How long a request may wait for its turn; default half a minute. */
  timeout?: number;
}

const MOST_UPLOAD = 32 * MIB;
const MOST_WIDTH = 4096;

/** The server, not listening yet. */
export function imageServer({ folder, budget, timeout = 30_000 }: ServerOptions): Server {
  // Encoded bytes have a budget of their own: who holds some and waits for pixels is never waited for by those who have the pixels.
  const uploads = new Budget({ name: 'uploads', unit: 'bytes', capacity: MOST_UPLOAD });
  const counts = { answered: 0, refused: 0, gone: 0 };

  const stats = (): Answer => ({
    type: 'application/json',
    body: JSON.stringify({
      budget: { name: budget.name, ...numbers(budget) },
      uploads: numbers(uploads),
      descriptors: numbers(descriptors),
      resident: process.memoryUsage.rss(),
      ...counts,
    }),
  });

  /** Room for an upload: its body is not read before there is some, so TCP holds the sender back. */
  const room = (request: IncomingMessage, asked: Asked): Promise<Permit> => {
    const bytes = Number(request.headers['content-length'] ?? MOST_UPLOAD);
    if (!(bytes <= MOST_UPLOAD)) throw new HttpError(413, `an upload has ${MOST_UPLOAD} bytes at most`);
    return uploads.acquire(Math.max(1, bytes), { signal: asked.signal, timeout: asked.timeout, label: 'upload' });
  };

  async function respond(request: IncomingMessage, signal: AbortSignal): Promise<Answer> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const [, verb = '', ...rest] = pathname.split('/');
    const operation = Object.hasOwn(operations, verb) ? operations[verb] : undefined;
    if (operation !== undefined) {
      const asked: Asked = { budget, signal, timeout, width: widthIn(searchParams) };
      if (request.method === 'GET' && rest.length > 0) return operation(await pathWithin(folder, decoded(rest.join('/'))), asked);
      if (request.method !== 'POST') throw new HttpError(405, 'POST a picture, or GET one of the folder');
      using _ = await room(request, asked);
      return await operation(request, { ...asked });
    }
    if (request.method !== 'GET') throw new HttpError(405, 'GET it');
    if (pathname === '/') return { type: 'text/html; charset=utf-8', body: page };
    if (pathname === '/stats') return stats();
    if (pathname === '/pictures') return { type: 'application/json', body: JSON.stringify(await listPictures(folder)) };
    throw new HttpError(404, 'no such page');
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort()); // after the answer it changes nothing any more
    try {
      const { type, body } = await respond(request, gone.signal);
      counts.answered++;
      response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store', 'content-length': Buffer.byteLength(body) }).end(body);
    } catch (error) {
      if (gone.signal.aborted) counts.gone++;
      else refuse(response, error);
    }
  }

  function refuse(response: ServerResponse, error: unknown): void {
    counts.refused++;
    const { status, message } = statusOf(error);
    if (status === 500) console.error(error);
    // What is left of an upload is not read: the connection ends with the answer.
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close', ...(status === 503 && { 'retry-after': '1' }) });
    response.end(`${message}\n`);
  }

  const server = createServer((request, response) => void answer(request, response));
  countSockets(server);
  return server;
}

function numbers(budget: Budget): { capacity: number | null; used: number; waiting: number; peak: number; reclaimed: number } {
  const { capacity, used, waiting, peak, reclaimed } = budget.stats();
  return { capacity: Number.isFinite(capacity) ? capacity : null, used, waiting, peak, reclaimed };
}

function widthIn(parameters: URLSearchParams): number | undefined {
  const text = parameters.get('width');
  if (text === null) return undefined;
  const width = Number(text);
  if (!Number.isInteger(width) || width < 1 || width > MOST_WIDTH) throw new HttpError(400, `width is a whole number from 1 to ${MOST_WIDTH}`);
  return width;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new HttpError(400, 'the path is not well encoded');
  }
}
