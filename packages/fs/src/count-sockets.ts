/** The descriptors of servers and sockets. */
import type { Server, Socket } from 'node:net';
import { SharedBudget, type Permit } from '@handback/core';
import { descriptors } from './descriptors.ts';
import { Count, type ExternalCount } from './external.ts';

/** The listening socket, and the spare that the loop opens at the first listen, to accept and drop with when none is left. */
const LISTENING = 2;

/** Of a server that is counted: how far it may go. */
export interface CountSocketsOptions {
  /**
   * The most connections at a time, kept as the server's `maxConnections`. Default: what keeps all counted sockets of the process
   * within half of `descriptors`, so that requests which wait for a file can get one; a `maxConnections` of the app's own is left alone.
   */
  atMost?: number | undefined;
}

/**
 * Counts the connections of a server (`net`, `http`, `https`, `tls`) in `descriptors`, one each while it is open, and two while it
 * listens. What is already connected when it is called is not seen: call it before `listen`.
 *
 * Were sockets let in without end, they would fill the budget, and each request wait for the descriptor that only its own end gives
 * back: so a server takes so many at a time, and Node closes what comes more at once ('drop'). An http server then closes its idle
 * connections too, so that those that come again are let in.
 */
export function countSockets(server: Server, options?: CountSocketsOptions): ExternalCount;
/** Counts one socket of a client, until it is closed. */
export function countSockets(socket: Socket): ExternalCount;
export function countSockets(source: Server | Socket, { atMost }: CountSocketsOptions = {}): ExternalCount {
  if (atMost !== undefined && !(atMost >= 1)) throw new RangeError(`Expected \`atMost\` to be a number from 1 up, got ${String(atMost)}`);
  const count = new Count('sockets');
  if (isServer(source)) countServer(source, count, atMost);
  else if (isSocket(source)) countSocket(source, count);
  else throw new TypeError(`Expected a server or a socket of \`node:net\`, got ${source === null ? 'null' : typeof source}`);
  return count;
}

function isServer(source: unknown): source is Server {
  return typeof (source as Server | undefined)?.listen === 'function' && typeof (source as Server).on === 'function';
}

function isSocket(source: unknown): source is Socket {
  return typeof (source as Socket | undefined)?.destroyed === 'boolean' && typeof (source as Socket).once === 'function';
}

/** All sockets that are counted, of all threads. */
const sockets = new SharedBudget({ name: 'counted sockets', unit: 'socket', capacity: Number.POSITIVE_INFINITY });
let here = 0;
let held: Permit | undefined;
/** What fits each server of this thread that listens to the room as it is. */
const fits = new Set<() => void>();

function countHere(change: number): void {
  here += change;
  if (here === 0) {
    held?.dispose();
    held = undefined;
  } else if (held === undefined) held = sockets.reserve(here);
  else held.settle(here);
  for (const fit of fits) fit();
}

function countServer(server: Server, count: Count, atMost: number | undefined): void {
  let listening = false;
  let own = 0;
  let set = atMost;
  if (atMost !== undefined) server.maxConnections = atMost;
  const fit = (): void => {
    // On Windows no limit counts them.
    if (atMost !== undefined || server.maxConnections !== (set as number) || process.platform === 'win32') return;
    const room = Math.floor(descriptors.stats().capacity / 2) - sockets.stats().used;
    // 0 is no bound to Node 20.
    server.maxConnections = set = Math.max(1, own + room);
  };
  const begin = (): void => {
    if (listening) return;
    listening = true;
    count.add(LISTENING);
    fits.add(fit);
    fit();
  };
  const end = (): void => {
    if (!listening) return;
    listening = false;
    count.add(-LISTENING);
    fits.delete(fit);
  };
  const connect = (socket: Socket): void => {
    if (socket.destroyed) return;
    own++;
    countSocket(socket, count, () => own--);
  };
  // Kept alive and idle, connections would keep all others out for seconds.
  const drop = (): void => {
    (server as { closeIdleConnections?: () => void }).closeIdleConnections?.();
    fit();
  };
  server.on('listening', begin).on('close', end).on('connection', connect).on('drop', drop);
  count.atEnd(() => {
    server.off('listening', begin).off('close', end).off('connection', connect).off('drop', drop);
    fits.delete(fit);
    if (set !== undefined && server.maxConnections === set) server.maxConnections = undefined as unknown as number;
  });
  if (server.listening) begin();
}

function countSocket(socket: Socket, count: Count, atClose?: () => void): void {
  if (socket.destroyed) return;
  count.add(1);
  countHere(1);
  socket.once('close', () => {
    atClose?.();
    // After the count's end this does nothing: the count holds nothing then.
    count.add(-1);
    countHere(-1);
  });
}
