// Workers that paint tiles, each busy with one at a time, so that a tile nobody waits for any more is never begun.
import type { Job } from './painter.ts';

interface Order extends Job {
  readonly signal: AbortSignal;
  readonly done: (texels: Uint8ClampedArray<ArrayBuffer>) => void;
  readonly fail: (reason: unknown) => void;
}

export class Painters {
  readonly #free: Worker[] = [];
  readonly #orders: Set<Order> = new Set();
  /** What each worker is busy with. */
  readonly #busy: Map<Worker, Order> = new Map();

  constructor(count: number) {
    for (let i = 0; i < count; i++) this.#free.push(this.#hire());
  }

  /** Paints a tile when a worker is free. Rejects with the signal's reason. */
  paint(job: Job, signal: AbortSignal): Promise<Uint8ClampedArray<ArrayBuffer>> {
    signal.throwIfAborted();
    return new Promise((done, fail) => {
      const order = { ...job, signal, done, fail };
      this.#orders.add(order);
      signal.addEventListener('abort', () => {
        this.#orders.delete(order);
        fail(signal.reason);
      });
      this.#next();
    });
  }

  #hire(): Worker {
    const worker = new Worker(new URL('./painter.js', import.meta.url), { type: 'module' });
    const end = (act: (order: Order) => void): void => {
      const order = this.#busy.get(worker);
      this.#busy.delete(worker);
      this.#free.push(worker);
      if (order !== undefined) act(order);
      this.#next();
    };
    worker.addEventListener('message', ({ data }: MessageEvent<Uint8ClampedArray<ArrayBuffer>>) => end((order) => order.done(data)));
    worker.addEventListener('error', ({ error, message }) => end((order) => order.fail(error ?? message)));
    return worker;
  }

  #next(): void {
    const [order] = this.#orders;
    if (order === undefined) return;
    const worker = this.#free.pop();
    if (worker === undefined) return;
    this.#orders.delete(order);
    this.#busy.set(worker, order);
    worker.postMessage({ place: order.place, side: order.side } satisfies Job, { transfer: [] });
  }
}
