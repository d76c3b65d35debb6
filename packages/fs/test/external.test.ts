// Sockets and children, counted while they are open.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttp, request } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { countChild, countSockets, descriptors } from '@handback/fs';
import { afterEach, expect, test } from 'vitest';

afterEach(() => expect(descriptors.stats().used).toBe(0));

test('a server is counted while it listens, and each connection while it is open', async () => {
  const server = createServer();
  using counted = countSockets(server);
  expect(counted.count).toBe(0);
  server.listen(0);
  await once(server, 'listening');
  expect(counted.count).toBe(2);
  const accepted = once(server, 'connection');
  const client = connect((server.address() as AddressInfo).port);
  using own = countSockets(client);
  const [socket] = (await accepted) as [import('node:net').Socket];
  expect([counted.count, own.count, descriptors.stats().used]).toEqual([3, 1, 4]);
  const closed = [once(socket, 'close'), once(client, 'close')];
  client.destroy();
  socket.destroy();
  await Promise.all(closed);
  expect([counted.count, own.count]).toEqual([2, 0]);
  server.close();
  await once(server, 'close');
  expect(counted.count).toBe(0);
});

test('an http server that listens already is counted, and disposing the count changes nothing of the server', async () => {
  const server = createHttp((_request, response) => response.end('answer'));
  server.listen(0);
  await once(server, 'listening');
  const listeners = server.listenerCount('listening');
  const counted = countSockets(server);
  expect(counted.count).toBe(2);
  const ask = async (): Promise<number | undefined> => {
    const asking = request({ port: (server.address() as AddressInfo).port, agent: false });
    asking.end();
    const [response] = (await once(asking, 'response')) as [import('node:http').IncomingMessage];
    response.resume();
    await once(response, 'close');
    return response.statusCode;
  };
  expect(await ask()).toBe(200);
  counted.dispose();
  counted.dispose();
  expect([counted.count, descriptors.stats().used, server.listenerCount('listening')]).toEqual([0, 0, listeners]);
  expect(await ask()).toBe(200);
  server.close();
  await once(server, 'close');
});

test('a child is counted by its pipes, until they are closed; with none it costs nothing', async () => {
  const child = spawn('cat');
  using counted = countChild(child);
  expect([counted.count, descriptors.stats().used]).toEqual([3, 3]);
  child.stdout.resume();
  child.stdin.end();
  await once(child, 'close');
  expect(counted.count).toBe(0);
  const silent = spawn('true', { stdio: 'ignore' });
  using none = countChild(silent);
  expect(none.count).toBe(0);
  await once(silent, 'close');
});

test('a fork is counted by its channel, until it is disconnected', async () => {
  const child = fork('-e', [], { execArgv: ['-e', 'process.on("message", () => {})'], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  using counted = countChild(child);
  expect(counted.count).toBe(1);
  const gone = once(child, 'disconnect');
  child.disconnect();
  await gone;
  expect(counted.count).toBe(0);
  await once(child, 'exit');
});

test('a child that could not be spawned is counted as nothing in the end', async () => {
  const child = spawn('/absent/program');
  child.on('error', () => {});
  using counted = countChild(child);
  await new Promise((resolve) => child.on('close', resolve));
  expect(counted.count).toBe(0);
});
