/** Scenarios of a heap of WebGL2: what is on the account, who is admitted, what is refused. */
import { Budget, collectGarbage } from '@handback/core';
import { WebGLHeap, type TextureDescriptor, type WebGLTextureHandle } from '@handback/gpu/webgl';
import { errorsOf, failure, MiB, newContext, newHeap, thrown, TILE, turn } from './context.ts';

export async function counts(): Promise<object> {
  const gl = newContext();
  await using heap = newHeap(gl);
  const seen: object[] = [];
  const texture = await heap.createTexture(TILE, { label: 'tile' });
  const { byteLength, label } = texture;
  const isTexture = gl['isTexture'](texture.value) as boolean;
  await heap.writeTexture({ texture, data: new Uint8Array(MiB).fill(7) });
  seen.push(heap.stats());
  texture.dispose();
  seen.push(heap.stats());
  const afterDispose = [
    thrown(() => texture.value),
    thrown(() => texture.byteLength),
    await failure(heap.writeTexture({ texture, data: new Uint8Array(MiB) })),
  ];
  await heap.settled();
  seen.push(heap.stats());
  const won = heap.trim();
  return { byteLength, label, isTexture, seen, afterDispose, won, used: heap.budget.stats().used, errors: errorsOf(gl) };
}

/** A fence that is late: what is disposed and what is uploaded counts until it is passed. */
export async function lateFence(): Promise<object> {
  const gl = newContext();
  await using heap = newHeap(gl, { maxIdle: 0 });
  const ask = gl['getSyncParameter'].bind(gl) as (sync: object, name: number) => number;
  let isLate = true;
  Object.assign(gl, { getSyncParameter: (sync: object, name: number) => (isLate ? gl['UNSIGNALED'] : ask(sync, name)) });
  const texture = heap.createTextureSync(TILE);
  const raw: unknown = texture.value;
  await heap.writeTexture({ texture, data: new Uint8Array(MiB) });
  texture.dispose();
  await turn(50);
  const seen = [heap.stats()];
  const exists = [gl['isTexture'](raw) as boolean];
  isLate = false;
  await heap.settled();
  seen.push(heap.stats());
  exists.push(gl['isTexture'](raw) as boolean);
  return { seen, exists, errors: errorsOf(gl) };
}

/** Waiters go in the order in which they asked. */
export async function order(): Promise<object> {
  const gl = newContext();
  await using heap = newHeap(gl, { capacity: 4 * MiB, staging: 1 / 4 });
  const held = [heap.createTextureSync(TILE), heap.createTextureSync(TILE), heap.createTextureSync(TILE)];
  const full = thrown(() => heap.createTextureSync(TILE, { label: 'one more' }));
  const served: number[] = [];
  let most = 0;
  const all = Array.from({ length: 12 }, async (_, index) => {
    // Every third is of another size, so that some reuse and some are made.
    using _texture = await heap.createTexture(index % 3 === 0 ? { ...TILE, size: [256, 1_024] } : TILE);
    served.push(index);
    most = Math.max(most, heap.budget.stats().used);
    await turn();
  });
  const gaveUp = await failure(heap.createTexture(TILE, { signal: AbortSignal.timeout(1) }));
  const tooLate = await failure(heap.createTexture(TILE, { timeout: 5 }));
  for (const texture of held) texture.dispose();
  await Promise.all(all);
  await heap.settled();
  heap.trim();
  return { full, served, most, gaveUp, tooLate, after: heap.budget.stats(), errors: errorsOf(gl) };
}

/** Many more than fit, with uploads, the page never waiting for the GPU by itself. */
export async function pressure(): Promise<object> {
  const gl = newContext();
  await using heap = newHeap(gl, { capacity: 16 * MiB });
  let most = 0;
  await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      using texture = await heap.createTexture({ ...TILE, size: [512, 512 + (index % 4)] });
      await heap.writeTexture({ texture, data: new Uint8Array(4 * 512 * (512 + (index % 4))) });
      most = Math.max(most, heap.budget.stats().used);
    }),
  );
  return { most, errors: errorsOf(gl) };
}

/** Within a turn no fence is ever passed: what was disposed is used again all the same, since WebGL keeps the order. */
export async function loop(): Promise<object> {
  const gl = newContext();
  await using heap = newHeap(gl, { capacity: 4 * MiB });
  const seen = new Set<object>();
  for (let index = 0; index < 500; index++) {
    using texture = heap.createTextureSync(TILE);
    seen.add(texture.value);
  }
  const { retired, live } = heap.stats();
  await heap.settled();
  return { made: seen.size, retired, live, idle: heap.stats().idle, errors: errorsOf(gl) };
}

/** Kept idle: no more than `maxIdle`, no longer than `idleTimeout`, the least recently used going first. */
export async function idle(): Promise<object> {
  const gl = newContext();
  await using heap = newHeap(gl, { maxIdle: 3 * MiB, idleTimeout: 100 });
  const shapes = [512, 513, 514, 515].map((height) => ({ ...TILE, size: [512, height] }));
  const first: object[] = [];
  for (const shape of shapes) {
    using texture = await heap.createTexture(shape);
    first.push(texture.value);
    texture.dispose();
    await heap.settled();
  }
  const kept = heap.stats().idle;
  const again: boolean[] = [];
  for (const [index, shape] of [...shapes.entries()].toReversed()) {
    const texture = heap.createTextureSync(shape);
    again.push(texture.value === first[index]);
    texture.dispose();
    await heap.settled();
  }
  await turn(300);
  return { kept, again, afterwards: heap.stats().idle, used: heap.budget.stats().used, errors: errorsOf(gl) };
}

/** Nothing in a page forces a collection: what was forgotten blocks until the engine comes to one by itself. */
export async function forgotten(): Promise<object> {
  const gl = newContext();
  await using heap = newHeap(gl, { capacity: 4 * MiB, staging: 1 / 4 });
  (() => {
    for (let index = 0; index < 3; index++) heap.createTextureSync(TILE, { label: 'forgotten' });
  })();
  const canCollect = typeof (globalThis as { gc?: unknown }).gc === 'function';
  const late = canCollect ? 'none' : await failure(heap.createTexture(TILE, { timeout: 200 }));
  if (canCollect) await collectGarbage();
  const after = canCollect ? await failure(heap.createTexture(TILE, { timeout: 5_000 }).then((texture) => texture.dispose())) : 'none';
  return { late, after, errors: errorsOf(gl) };
}

export async function refused(descriptors: TextureDescriptor[], renderbuffers: object[], buffers: object[]): Promise<object> {
  const gl = newContext();
  await using heap = newHeap(gl, { checkMemory: false });
  const told = [
    ...descriptors.map((descriptor) => thrown(() => heap.createTextureSync(descriptor))),
    ...renderbuffers.map((descriptor) => thrown(() => heap.createRenderbufferSync(descriptor as never))),
    ...buffers.map((descriptor) => thrown(() => heap.createBufferSync(descriptor as never))),
  ];
  return { told, used: heap.budget.stats().used, errors: errorsOf(gl) };
}

/** A texture that no machine has the memory for. */
export async function outOfMemory(): Promise<object> {
  const gl = newContext();
  await using heap = newHeap(gl, { capacity: 2 ** 50 });
  const side = gl['getParameter'](0x0d33) as number;
  const layers = gl['getParameter'](0x88ff) as number;
  const told = await failure(heap.createTexture({ internalFormat: 0x8814, target: 0x8c1a, size: [side, side, layers] }, { timeout: 500 }));
  return { told, isLost: gl['isContextLost']() as boolean, live: heap.stats().live };
}

export async function life(): Promise<object> {
  const gl = newContext();
  using parent = new Budget({ name: 'all heaps', capacity: 100 * MiB, unit: 'bytes' });
  const heap = newHeap(gl, { parent });
  const texture = await heap.createTexture(TILE);
  const paid = parent.stats().used;
  const detached = (await heap.createTexture(TILE)).detach();
  const live = heap.stats().live;
  const isTexture = gl['isTexture'](detached) as boolean;
  gl['deleteTexture'](detached);
  const moved: WebGLTextureHandle = texture.move();
  const afterMove = thrown(() => texture.value);
  await heap.disposeAsync();
  const afterwards = await failure(heap.createTexture(TILE));
  const raw: unknown = moved.value;
  moved.dispose();
  const wrong = [{ capacity: -1 }, { capacity: Number.NaN }, { staging: 0 }, { maxIdle: -1 }, { idleTimeout: Number.NaN }];
  const options = wrong.map((option) => thrown(() => newHeap(gl, option)));
  const noContext = thrown(() => new WebGLHeap({} as never, { capacity: 1 }));
  return {
    ...{ paid, live, isTexture, afterMove, afterwards, options, noContext },
    ...{ wasOpen: raw !== null, gone: !gl['isTexture'](raw), used: heap.budget.stats().used, paidAfter: parent.stats().used, errors: errorsOf(gl) },
  };
}
