/**
 * Workers take descriptors of the process for their event loops, and nobody asks the budget first. They are noticed by Node's own
 * diagnostics channel, which needs no listener on `process`.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { Worker } from 'node:worker_threads';
import type { Permit } from '@handback/core';

/** Measured: the epoll, event and pipe descriptors of one event loop; Node 26 adds one for io_uring. */
const WORKER = process.versions.node.startsWith('20.') ? 4 : 5;

interface WorkerCount {
  reserve(amount: number, label: string): Permit;
  /** Its loop is up: from now on the kernel's count includes it. */
  arrive(permit: Permit): void;
  /** It has ended, and its descriptors are closed; one that never came up leaves its permit. */
  leave(permit: Permit): void;
}

export function watchWorkers({ reserve, arrive, leave }: WorkerCount): void {
  if (process.platform === 'win32') return; // There they are HANDLEs, which no limit counts.
  subscribe('worker_threads', (message) => {
    const { worker } = message as { worker: Worker };
    const permit = reserve(WORKER, `worker ${worker.threadId}`);
    worker.once('online', () => arrive(permit));
    worker.once('exit', () => leave(permit));
  });
}
