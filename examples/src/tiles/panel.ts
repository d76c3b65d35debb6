// The live panel: the account of the heap, and what comes and goes.
import type { GpuHeap } from '@handback/gpu';
import { History, PARTS } from './history.ts';
import type { Viewer } from './viewer.ts';

const EVERY_MS = 100;
const MIB = 2 ** 20;

export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  return document.querySelector(`#${id}`) as E;
}

/** Says something that happened. */
export function tell(message: string): void {
  byId('event').textContent = message;
}

/** Shows a viewer, ten times a second. */
export function showPanel(viewer: Viewer): void {
  const history = new History(byId<HTMLCanvasElement>('history'));
  const show = (): void => {
    showAccount(viewer.heap, history);
    const { created, reused, evicted } = viewer.heap.stats();
    const { tiles } = viewer;
    const counts = {
      fps: viewer.framesPerSecond,
      ready: tiles.ready,
      coming: tiles.coming,
      waiting: tiles.waiting,
      created,
      reused,
      evicted,
      aborted: tiles.aborted,
      found: viewer.found,
    };
    for (const [id, count] of Object.entries(counts)) byId(id).textContent = count.toLocaleString('en');
    byId('streamed').textContent = inMiB(viewer.bytes);
    byId('times').textContent = `${(viewer.bytes / viewer.heap.stats().capacity).toFixed(1)} × budget`;
  };
  show();
  setInterval(show, EVERY_MS);
}

function showAccount(heap: GpuHeap, history: History): void {
  const stats = heap.stats();
  history.add(stats);
  for (const part of PARTS) {
    byId(`bar-${part}`).style.width = `${(stats[part] / stats.capacity) * 100}%`;
    byId(part).textContent = inMiB(stats[part]);
  }
  const { used, peak } = heap.budget.stats();
  byId('used').textContent = `${inMiB(used)} of ${inMiB(stats.capacity)}`;
  byId('peak').textContent = inMiB(peak);
}

function inMiB(bytes: number): string {
  const mib = bytes / MIB;
  return `${mib >= 100 || Number.isInteger(mib) ? Math.round(mib).toLocaleString('en') : mib.toFixed(1)} MiB`;
}
