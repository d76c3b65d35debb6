/** The descriptors of servers and sockets. */
import type { Server, Socket } from 'node:net';
import { Count, type ExternalCount } from './external.ts';

/** The listening socket, and the spare that the loop opens at the first listen, to accept and drop with when none is left. */
const LISTENING = 2;

/**
 * Counts the connections of a server (`net`, `http`, `https`, `tls`) in `descriptors`, one each while it is open, and two while it
 * listens. What is already connected when it is called is not seen: call it before `listen`.
 *
 * A server that has none left accepts and drops, without a word: its clients see 'connect', then 'close'.
 */
export function countSockets(server: Server): ExternalCount;
/** Counts one socket of a client, until it is closed. */
export function countSockets(socket: Socket): ExternalCount;
export function countSockets(source: Server | Socket): ExternalCount {
  const count = new Count('sockets');
  if ('listen' in source) countServer(source, count);
  else countSocket(source, count);
  return count;
}

function countServer(server: Server, count: Count): void {
  let listening = false;
  const begin = (): void => {
    if (listening) return;
    listening = true;
    count.add(LISTENING);
  };
  const end = (): void => {
    if (!listening) return;
    listening = false;
    count.add(-LISTENING);
  };
  const connect = (socket: Socket): void => countSocket(socket, count);
  server.on('listening', begin).on('close', end).on('connection', connect);
  count.atEnd(() => server.off('listening', begin).off('close', end).off('connection', connect));
  if (server.listening) begin();
}

function countSocket(socket: Socket, count: Count): void {
  if (socket.destroyed) return;
  count.add(1);
  // After the count's end this does nothing: the count holds nothing then.
  socket.once('close', () => count.add(-1));
}
