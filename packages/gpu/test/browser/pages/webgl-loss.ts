/** Scenarios of a heap of WebGL2 whose context is lost, and given back. */
import type { GlContext } from '@handback/gpu/webgl';
import { errorsOf, failure, MiB, newContext, newHeap, thrown, TILE, turn, type PageGl } from './context.ts';

interface Loser {
  loseContext(): void;
  restoreContext(): void;
}

function loserOf(gl: PageGl): Loser {
  return gl['getExtension']('WEBGL_lose_context') as Loser;
}

function event(gl: PageGl, name: string): Promise<unknown> {
  return new Promise((resolve) => gl.canvas.addEventListener(name, resolve, { once: true }));
}

export async function lossAndRestoration(): Promise<object> {
  const gl = newContext();
  const heap = newHeap(gl, { capacity: 8 * MiB, staging: 1 / 64 });
  const restored: string[] = [];
  const map = await heap.createTexture(TILE, { label: 'map', restored: (raw) => restored.push(`map ${gl['isTexture'](raw)}`) });
  const points = await heap.createBuffer({ size: 1_000 }, { label: 'points', restored: (raw) => restored.push(`points ${raw !== null}`) });
  const depth = await heap.createRenderbuffer({ internalFormat: 0x81a5, size: [64, 64] });
  const goner = await heap.createTexture(TILE);
  const held = [heap.createTextureSync(TILE), heap.createTextureSync(TILE)];
  heap.createTextureSync({ ...TILE, size: [512, 256] }).dispose();
  await heap.settled();
  const before = heap.stats();
  const waiter = failure(heap.createTexture({ ...TILE, size: [1_024, 1_024] }));
  const upload = failure(heap.writeTexture({ texture: map, data: new Uint8Array(MiB) }));
  const lost = event(gl, 'webglcontextlost');
  const former: object = map.value;
  const loser = loserOf(gl);

  loser.loseContext();
  // The event comes in a later turn; calls know at once.
  const atOnce = [
    thrown(() => map.value),
    thrown(() => points.use(() => 0)),
    await failure(heap.createTexture(TILE)),
    thrown(() => heap.createBufferSync({ size: 4 })),
  ];
  const zero = heap.stats();
  const waited = [await waiter, await upload];
  goner.dispose();
  await lost;
  const told = await heap.lost;

  const back = event(gl, 'webglcontextrestored');
  await turn();
  loser.restoreContext();
  await back;
  const first = heap.budget.stats().used;
  const value: object = map.value;
  const again = { isNew: value !== former, isTexture: gl['isTexture'](value) as boolean, same: map.value === value, live: heap.stats().live };
  void points.value;
  void depth.value;
  await heap.writeTexture({ texture: map, data: new Uint8Array(MiB) });
  const all = heap.stats().live;
  for (const handle of [map, points, depth, ...held]) handle.dispose();
  await heap.settled();
  const after = heap.stats();
  await heap.disposeAsync();
  return { before, atOnce, zero, waited, told, first, again, all, restored, after, used: heap.budget.stats().used, errors: errorsOf(gl) };
}

/** Nobody calls the heap: the event alone rejects who waits. Three times over. */
export async function byEventAlone(isOffscreen: boolean): Promise<object> {
  const gl = newContext(isOffscreen);
  const early: string[] = [];
  let heap = undefined as unknown as ReturnType<typeof newHeap>;
  // An app that listens before the heap does is told before it.
  gl.canvas.addEventListener('webglcontextrestored', () => early.push(thrown(() => heap.createTextureSync(TILE).dispose())));
  heap = newHeap(gl, { capacity: 4 * MiB });
  const told: string[] = [];
  const loser = loserOf(gl);
  for (let round = 0; round < 3; round++) {
    using _held = await heap.createTexture({ ...TILE, size: [512, 1_500] });
    const waiter = failure(heap.createTexture({ ...TILE, size: [512, 1_500] }));
    const [lost, back] = [event(gl, 'webglcontextlost'), event(gl, 'webglcontextrestored')];
    loser.loseContext();
    await lost;
    told.push(await waiter);
    await turn();
    loser.restoreContext();
    await back;
  }
  await heap.settled();
  const { live, retired } = heap.stats();
  await heap.disposeAsync();
  return { told, early, live, retired, errors: errorsOf(gl) };
}

/** A framebuffer keeps what is attached, and is made anew with it. */
export async function framebuffers(): Promise<object> {
  const gl = newContext();
  const heap = newHeap(gl);
  const [color, second, depth] = [
    heap.createTextureSync(TILE),
    heap.createTextureSync({ ...TILE, target: 0x8c1a }),
    heap.createRenderbufferSync({ internalFormat: 0x81a5, size: [512, 512] }),
  ];
  const mine: unknown = gl['createFramebuffer']();
  gl['bindFramebuffer'](gl['FRAMEBUFFER'], mine);
  const target = heap.createFramebuffer({
    label: 'target',
    attachments: [
      { attachment: 0x8ce0, image: color },
      { attachment: 0x8ce1, image: second, layer: 0 },
      { attachment: 0x8d00, image: depth },
    ],
  });
  const isMine = gl['getParameter'](gl['FRAMEBUFFER_BINDING']) === mine;
  const wrong = thrown(() => heap.createFramebuffer({ label: 'odd', attachments: [{ attachment: 0x8d00, image: color }] }));
  for (const handle of [color, second, depth]) handle.dispose();
  const kept = heap.stats().live;
  const draw = (): number[] => {
    gl['bindFramebuffer'](gl['FRAMEBUFFER'], target.value);
    gl['clearColor'](0, 1, 0, 1);
    gl['clear'](gl['COLOR_BUFFER_BIT'] | gl['DEPTH_BUFFER_BIT']);
    gl['readBuffer'](0x8ce1);
    const pixel = new Uint8Array(4);
    gl['readPixels'](5, 5, 1, 1, gl['RGBA'], gl['UNSIGNED_BYTE'], pixel);
    return [...pixel];
  };
  const drawn = [draw()];
  const [lost, back] = [event(gl, 'webglcontextlost'), event(gl, 'webglcontextrestored')];
  const loser = loserOf(gl);
  loser.loseContext();
  const told = thrown(() => target.value);
  await lost;
  await turn();
  loser.restoreContext();
  await back;
  drawn.push(draw());
  const again = heap.stats().live;
  const raw: unknown = target.value;
  target.dispose();
  const { live } = heap.stats();
  await heap.disposeAsync();
  return { isMine, wrong, kept, drawn, told, again, live, gone: !gl['isFramebuffer'](raw), used: heap.budget.stats().used, errors: errorsOf(gl) };
}

/** A browser that does not give it back: another canvas takes its place. */
export async function anotherContext(): Promise<object> {
  const gl = newContext();
  await using heap = newHeap(gl, { restore: false });
  using texture = await heap.createTexture(TILE, { label: 'map' });
  const other = newContext();
  const tooEarly = thrown(() => heap.attach(other as unknown as GlContext));
  loserOf(gl).loseContext();
  await heap.lost;
  const lost = thrown(() => texture.value);
  heap.attach(other as unknown as GlContext);
  const isTexture = other['isTexture'](texture.value) as boolean;
  loserOf(other).loseContext();
  await heap.lost;
  return { tooEarly, lost, isTexture, again: thrown(() => texture.value), live: heap.stats().live, errors: [...errorsOf(gl), ...errorsOf(other)] };
}
