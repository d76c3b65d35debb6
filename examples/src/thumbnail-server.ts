// A thumbnail server whose memory stays inside a number, whatever is uploaded and however many come at once:
//   node examples/dist/thumbnail-server.js [FOLDER] [--port 8080] [--budget 256MiB | --unbounded]
// Then look at http://localhost:8080, or: curl --data-binary @photo.jpg 'localhost:8080/thumbnail?width=200' > small.webp
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { Budget } from '@handback/core';
import { imageMemory } from '@handback/image';
import { demoFolder } from './images/demo-folder.ts';
import { imageServer } from './images/server.ts';
import { bytesIn } from './images/sizes.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { port: { type: 'string', default: '8080' }, budget: { type: 'string', default: '256MiB' }, unbounded: { type: 'boolean', default: false } },
});

/** The budget of all images of the process; to compare, one without a limit. */
function chosenBudget(): Budget {
  if (values.unbounded) return new Budget({ name: 'no limit', unit: 'bytes', capacity: Number.POSITIVE_INFINITY });
  imageMemory.resize(bytesIn(values.budget));
  return imageMemory;
}

await using demo = positionals[0] === undefined ? await demoFolder(2) : undefined;
const folder = positionals[0] ?? demo!.path;
const server = imageServer({ folder, budget: chosenBudget() });
await once(server.listen(Number(values.port), '127.0.0.1'), 'listening');
const { port } = server.address() as AddressInfo;
console.log(`Pictures of ${folder} at http://localhost:${port}, ${values.unbounded ? 'without a limit' : `with ${values.budget} for pixels`}.`);

// A parent that has started this one is told where it listens; when it has gone, or by Ctrl-C, it ends, and its folder with it.
process.send?.({ port });
process.once('disconnect', () => server.close());
process.once('SIGINT', () => server.close());
process.once('SIGTERM', () => server.close());
await once(server, 'close');
