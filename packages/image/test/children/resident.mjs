// Prints, as one JSON object, how resident memory follows what is held, in MiB.
import { readFileSync } from 'node:fs';
import { decode, ImageBuffer, PixelPool } from '@handback/image';

const MiB = 2 ** 20;
const [, , way, photograph] = process.argv;

function resident() {
  return (Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]) * 4_096) / MiB;
}

function turn() {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

/** Waits until resident memory is below a bound; a second at most. */
async function below(bound) {
  for (let turns = 0; turns < 200 && resident() >= bound; turns++) await turn();
  return resident();
}

if (way === 'allocate') {
  ImageBuffer.allocateSync({ width: 64, height: 64, channels: 4 }).dispose();
  const base = resident();
  const image = ImageBuffer.allocateSync({ width: 4_096, height: 2_048, channels: 4 });
  image.data.fill(1);
  const held = resident() - base;
  image.dispose();
  console.log(JSON.stringify({ held, after: resident() - base }));
} else if (way === 'pool') {
  const pool = new PixelPool({ maxIdle: 64 * MiB });
  const base = resident();
  for (let round = 0; round < 5; round++) {
    const image = ImageBuffer.allocateSync({ width: 4_096, height: 2_048, channels: 4 }, { pool });
    image.data.fill(round);
    image.dispose();
  }
  const idle = resident() - base;
  pool.dispose();
  console.log(JSON.stringify({ held: idle, after: resident() - base, hits: pool.stats().hits }));
} else {
  const bytes = readFileSync(photograph);
  for (let round = 0; round < 3; round++) (await decode(bytes)).dispose();
  await below(0);
  const base = resident();
  const image = await decode(bytes);
  await turn();
  const held = resident() - base;
  image.dispose();
  console.log(JSON.stringify({ held, after: (await below(base + 4)) - base }));
}
