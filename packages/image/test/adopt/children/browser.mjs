// What runs in the page (browser.test.ts): each function is a scenario that answers plain data.
import { Budget, collectGarbage, leaks } from '@handback/core';
import { own as ownCanvas } from '@handback/image/canvas';
import { heapBytes } from '@handback/image/canvaskit';
import { own as ownMat } from '@handback/image/opencv';
import { own } from '@handback/image/webcodecs';

const WIDTH = 320;
const HEIGHT = 240;
const makers = {
  VideoFrame: () => new VideoFrame(new Uint8Array((WIDTH * HEIGHT * 3) / 2), { format: 'I420', codedWidth: WIDTH, codedHeight: HEIGHT, timestamp: 0 }),
  ImageBitmap: () => createImageBitmap(new ImageData(WIDTH, HEIGHT)),
  AudioData: () =>
    new AudioData({ format: 'f32-planar', sampleRate: 48_000, numberOfFrames: 480, numberOfChannels: 2, timestamp: 0, data: new Float32Array(960) }),
  VideoDecoder: () => new VideoDecoder({ output: () => {}, error: () => {} }),
};
const isClosed = (raw) =>
  raw instanceof VideoFrame
    ? raw.codedWidth === 0
    : raw instanceof ImageBitmap
      ? raw.width === 0
      : raw instanceof AudioData
        ? raw.numberOfFrames === 0
        : raw.state === 'closed';
const budgetOf = () => new Budget({ name: 'frames', capacity: 2 ** 24, unit: 'bytes' });
const thrown = (call) => {
  try {
    call();
    return 'nothing';
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};
const forEach = async (scenario) => {
  const results = {};
  for (const [name, make] of Object.entries(makers)) results[name] = await scenario(make, name);
  return results;
};

export const lifetime = () =>
  forEach(async (make) => {
    const budget = budgetOf();
    const raw = await make();
    const handle = own(raw, { budget, label: 'held' });
    const held = [handle.kind, budget.stats().used, isClosed(raw), thrown(() => own(raw)).split(':')[0]];
    handle.dispose();
    handle.dispose();
    return [...held, budget.stats().used, isClosed(raw), thrown(() => handle.value).split(':')[0], thrown(() => own(raw)).split(':')[0]];
  });

export const closedByUser = () =>
  forEach(async (make) => {
    const budget = budgetOf();
    const raw = await make();
    const handle = own(raw, { budget });
    raw.close();
    return [thrown(() => handle.dispose()), budget.stats().used, isClosed(raw)];
  });

/** Found by the library's own collection, which needs --expose-gc in a browser. */
export const forgotten = () =>
  forEach(async (make) => {
    leaks.configure({ level: 'trace', warn: false });
    const events = [];
    const subscription = leaks.subscribe((event) => events.push(event));
    const budget = budgetOf();
    const raws = [];
    for (let index = 0; index < 3; index++) {
      await (async () => {
        const raw = await make();
        raws.push(raw);
        own(raw, { budget, label: 'forgotten' });
      })();
    }
    const collected = await collectGarbage();
    subscription[Symbol.dispose]();
    const count = events.reduce((sum, event) => sum + event.count.new, 0);
    return [collected, count, raws.every(isClosed), budget.stats().used, /test\/browser\.mjs:\d+/.test(JSON.stringify(events[0]))];
  });

/** No collection can be forced: what the handles tell the engine of their bytes has to do. Answers how many of 300 frames were open at once. */
export const pressure = async () => {
  leaks.configure({ level: 'off' });
  const budget = new Budget({ name: 'frames', capacity: 2 ** 32, unit: 'bytes' });
  const [width, height] = [1920, 1080];
  const data = new Uint8Array((width * height * 3) / 2);
  let most = 0;
  for (let index = 0; index < 300; index++) {
    own(new VideoFrame(data, { format: 'I420', codedWidth: width, codedHeight: height, timestamp: index }), { budget });
    most = Math.max(most, budget.stats().used / data.length);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return { collected: await collectGarbage(), most };
};

/** A frame posted to a worker is closed at its source: it leaves its handle first. */
export const posted = async () => {
  const budget = budgetOf();
  const code = `onmessage = ({ data }) => { postMessage(data.codedWidth ?? data.width); data.close(); }`;
  const worker = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
  const results = {};
  for (const name of ['VideoFrame', 'ImageBitmap']) {
    const handle = own(await makers[name](), { budget });
    const raw = handle.detach();
    const answer = new Promise((resolve) => worker.addEventListener('message', ({ data }) => resolve(data), { once: true }));
    worker.postMessage(raw, [raw]);
    results[name] = [await answer, isClosed(raw), handle.state, budget.stats().used, thrown(() => own(raw)).split(':')[0]];
  }
  worker.terminate();
  return results;
};

export const clones = () => {
  const budget = budgetOf();
  const frame = own(makers.VideoFrame(), { budget });
  const clone = own(frame.value.clone(), { budget, parent: frame });
  const raws = [frame.value, clone.value];
  frame.dispose();
  const early = [frame.state, ...raws.map(isClosed)];
  clone.dispose();
  return [...early, frame.state, ...raws.map(isClosed), budget.stats().used];
};

/** The other engines' modules load in a browser too. */
export const others = () => {
  const canvas = new OffscreenCanvas(WIDTH, HEIGHT);
  const budget = budgetOf();
  const handle = ownCanvas(canvas, { budget });
  const held = budget.stats().used;
  handle.dispose();
  return [
    held,
    canvas.width,
    canvas.height,
    thrown(() => ownMat({})).split(',')[0],
    heapBytes({}) === undefined,
    thrown(() => own({})),
    thrown(() => own(null)),
  ];
};
