// Scenarios of what a process is told of its leaks. Each is named by the first argument; what it prints is JSON, a value a line.
import { collectGarbage, collectGarbageSync, defineResource, leaks } from '@handback/core';

const say = (value) => console.log(JSON.stringify(value));
const files = defineResource({ kind: 'file', openSync: () => 3, release: () => {}, describe: (fd) => `fd ${fd}` });
const images = defineResource({ kind: 'image', release: () => {}, externalBytes: () => 4_096 });

function openReport(label) {
  void files.acquireSync(undefined, { label });
}
function openOther() {
  void files.acquireSync();
}
function forgetImage() {
  void images.own(7);
}

const scenarios = {
  /** So many leaks of one site, found one by one. */
  async one(count) {
    // The first turn's stack has callers below it that later ones have not: by their callers, sites are told apart.
    await collectGarbage();
    for (let index = 0; index < count; index++) {
      openReport();
      await collectGarbage();
    }
  },
  /** So many leaks of one site, found together. */
  async together(count) {
    for (let index = 0; index < count; index++) openReport('q3.csv');
    await collectGarbage();
  },
  async sites() {
    for (let index = 0; index < 2; index++) openReport();
    openOther();
    forgetImage();
    await collectGarbage();
  },
  async event() {
    process.on('warning', ({ name, code, message, kind, site, count, detail }) => say({ name, code, message, kind, site, count, detail }));
    forgetImage();
    await collectGarbage();
  },
  async silent() {
    leaks.configure({ warn: false });
    leaks.subscribe(({ event, count }) => say({ event, count }));
    await this.one(12);
  },
  async off() {
    let released = 0;
    const counted = defineResource({ kind: 'file', release: () => void released++ });
    leaks.subscribe((event) => say(event));
    const forget = () => void counted.own(1);
    for (let index = 0; index < 5; index++) forget();
    await collectGarbage();
    say(released);
  },
  /** Which listeners are on the process: before any leak, and after. */
  async listeners() {
    const counts = () => Object.fromEntries(process.eventNames().map((name) => [String(name), process.listenerCount(name)]));
    openReport();
    const before = counts();
    await collectGarbage();
    openOther();
    await collectGarbage();
    say(before);
    say(counts());
  },
  /** A synchronous program that ends itself: no tick comes in which a warning could be printed. */
  exit() {
    for (let index = 0; index < 3; index++) openReport();
    // What this job has touched through the young list is found only by a collection that lets go of it.
    say(collectGarbageSync());
    process.exit(0);
  },
  async code(code) {
    if (code !== undefined) process.exitCode = Number(code);
    openReport();
    await collectGarbage();
  },
  /** Forgotten, and the program ends before anything has looked for it. */
  unfound() {
    openReport();
  },
  /** Strict, and nothing was forgotten. */
  async clean() {
    files.acquireSync().dispose();
    await collectGarbage();
  },
  async failing(count) {
    const broken = defineResource({
      kind: 'image',
      openSync: () => 1,
      release: () => {
        throw new Error('EIO: the disk is gone');
      },
    });
    const forget = () => void broken.acquireSync(undefined, { label: 'a.png' });
    await collectGarbage();
    for (let index = 0; index < count; index++) {
      forget();
      await collectGarbage();
    }
    say('alive');
  },
  async late() {
    const broken = defineResource({
      kind: 'image',
      openSync: () => 1,
      release: () => {
        throw new Error('EIO: the disk is gone');
      },
    });
    const image = broken.acquireSync();
    image.use(() => image.dispose());
    say('alive');
  },
  level() {
    say(leaks.level);
  },
  async many() {
    // More sites than a program that leaks from everywhere may be reported for, one by one.
    for (let index = 0; index < 1_200; index++) {
      // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- a function of its own is a site of its own
      new Function('files', `${'\n'.repeat(index)}return void files.acquireSync();`)(files);
    }
    await collectGarbage();
  },
};

await scenarios[process.argv[2]](...process.argv.slice(3));
