// A map of 65,536 × 65,536 texels, 16 GiB, in a browser and in a budget of 64 MiB of GPU memory. This serves the page; what it is made
// of is in tiles/.   node examples/dist/tile-viewer.js [--budget 32MiB] [--port 8080]
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { bytesIn, MIB } from './images/sizes.ts';

/** Where the files of a folder of the address are. The page's modules, and the packages, are the built ones. */
const FOLDERS: Record<string, URL> = {
  '': new URL('../src/tiles/', import.meta.url),
  tiles: new URL('../dist/tiles/', import.meta.url),
  core: new URL('./dist/', rootOf('@handback/core')),
  gpu: new URL('./dist/', rootOf('@handback/gpu')),
};
const TYPES: Record<string, string> = { html: 'text/html', css: 'text/css', js: 'text/javascript', map: 'application/json' };

/** The folder of a package, whether its sources or its built files are what is imported. */
function rootOf(name: string): URL {
  return new URL('../', import.meta.resolve(name));
}

/** Serves the page; the server's address is the page's. */
export async function serveTileViewer(port = 0): Promise<{ server: Server; address: string }> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const [, folder = '', name = 'index.html'] = /^\/(?:(\w+)\/)?([\w-]+(?:\.[\w-]+)*\.\w+)?$/.exec(pathname) ?? ['', 'none'];
    const at = FOLDERS[folder];
    const type = TYPES[name.split('.').at(-1) as string];
    const file = at === undefined || type === undefined ? Promise.reject(new Error('no such file')) : readFile(new URL(name, at));
    file.then(
      (content) => response.writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-cache' }).end(content),
      () => response.writeHead(404).end('not found'),
    );
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return { server, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({ options: { budget: { type: 'string', default: '64MiB' }, port: { type: 'string', default: '0' } } });
  const { address } = await serveTileViewer(Number(values.port));
  console.log(`The map is at ${address}?budget=${Math.round(bytesIn(values.budget) / MIB)}`);
}
