/** One loop of opens: forgotten or with `using`, through the thread pool or within the call. */
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { open, openSync } from '@handback/fs';

const [, , mode, count] = process.argv;
const opens = Number(count);
const file = process.execPath;

let forced = 0;
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const { flags } = (entry as unknown as { detail: { flags: number } }).detail;
    if ((flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0) forced += entry.duration;
  }
});
observer.observe({ entryTypes: ['gc'] });

const start = performance.now();
switch (mode) {
  case 'using-sync':
    for (let index = 0; index < opens; index++) {
      using _file = openSync(file);
    }
    break;
  case 'forgotten-sync':
    for (let index = 0; index < opens; index++) openSync(file);
    break;
  case 'using-async':
    for (let index = 0; index < opens; index++) {
      using _file = await open(file);
    }
    break;
  case 'forgotten-async':
    for (let index = 0; index < opens; index++) await open(file);
    break;
  default:
    throw new Error(`Unknown mode '${mode}'`);
}
const ms = performance.now() - start;
await new Promise((resolve) => setImmediate(resolve));
console.log(JSON.stringify({ ms, collecting: forced }));
