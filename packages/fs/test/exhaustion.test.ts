import { describe, expect, test } from 'vitest';
import { nodeBinary } from '../../../scripts/runtimes.mjs';
import { runLimited } from './children/run.ts';

const OPENS = 10_000;
const nodes = [20, 24, 26].map((major) => ({ major, node: nodeBinary(major) }));

describe.each(nodes)('on Node $major, with 256 descriptors', ({ major, node }) => {
  const run = test.skipIf(node === undefined);
  if (node === undefined) console.log(`skipped: no binary of Node ${major} for this platform`);

  run.each(['await files.open(path)', 'files.openSync(path)'])(`a loop of ${OPENS} forgotten \`%s\` meets no error and warns a handful of times`, (open) => {
    const { status, stdout, stderr, warnings } = runLimited(
      256,
      `const path = process.execPath;
       for (let index = 0; index < ${OPENS}; index++) ${open};
       console.log(files.descriptors.stats().peak < 256);`,
      {},
      node,
    );
    expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'true\n' });
    expect(warnings).toBeGreaterThan(0);
    expect(warnings).toBeLessThanOrEqual(6);
  });

  run('handles that are all held make a clear error, not EMFILE, synchronously and in line', () => {
    const { status, stdout, stderr } = runLimited(
      256,
      `const held = [];
       function takeAll() { for (;;) held.push(files.openSync(process.execPath)); }
       try { takeAll(); } catch (error) { console.log(error.code, error.used === held.length, error.message.includes('takeAll')); }
       try { await files.open(process.execPath, 'r', undefined, { timeout: 50 }); } catch (error) { console.log(error.code, error.phase, error.message.includes('takeAll')); }`,
      { HANDBACK_LEAKS: 'trace' },
      node,
    );
    expect(stdout, stderr).toBe('ERR_BUDGET_EXCEEDED true true\nERR_ACQUIRE_TIMEOUT wait true\n');
    expect(status).toBe(0);
  });
});

test('descriptors that others took make the budget smaller, an error that carries EMFILE, and come back when they are closed', () => {
  const { status, stdout, stderr } = runLimited(
    256,
    `const before = files.descriptors.stats().capacity;
     const hog = [], held = [];
     const seen = (error) => console.log(error.code, error.cause?.code ?? 'no cause');
     try { for (;;) hog.push(nodeFs.openSync('/dev/null')); } catch {}
     // One may still be had, where a collection closes something of Node's own.
     try { for (;;) held.push(files.openSync(process.execPath)); } catch (error) { seen(error); }
     console.log(files.descriptors.stats().capacity < before / 2);
     for (const fd of hog.splice(0, 200)) nodeFs.closeSync(fd);
     for (let index = 0; index < 100; index++) held.push(files.openSync(process.execPath));
     console.log(files.descriptors.stats().capacity > before / 2);`,
  );
  expect(stdout, stderr).toMatch(/^ERR_BUDGET_EXCEEDED (EMFILE|no cause)\ntrue\ntrue\n$/);
  expect(status).toBe(0);
});

test('a limit that is lowered under the running process is read again', () => {
  const { status, stdout, stderr } = runLimited(
    512,
    `import { execFileSync } from 'node:child_process';
     const before = files.descriptors.stats().capacity;
     execFileSync('prlimit', ['--pid', String(process.pid), '--nofile=128:128']);
     const held = [];
     try { for (;;) held.push(files.openSync(process.execPath)); } catch (error) { console.log(error.code); }
     console.log(before > 400, files.descriptors.stats().capacity < 128);`,
  );
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'ERR_BUDGET_EXCEEDED\ntrue true\n' });
});

describe.each(nodes)('on Node $major', ({ node }) => {
  test.skipIf(node === undefined)('a long synchronous loop of forgotten opens is swept by cheap collections, not by full ones', () => {
    // Long enough for V8 to have optimised the loop and to have chosen what it makes old at birth.
    const { status, stdout, stderr } = runLimited(
      256,
      `import { constants, PerformanceObserver } from 'node:perf_hooks';
       let full = 0, all = 0;
       const observer = new PerformanceObserver((list) => {
         for (const { detail } of list.getEntries()) { all++; if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) full++; }
       });
       observer.observe({ entryTypes: ['gc'] });
       for (let index = 0; index < 400_000; index++) files.openSync(process.execPath);
       // The observer is told in a turn of its own.
       for (let turns = 0; turns < 500 && all <= 1_000; turns++) await new Promise((resolve) => setTimeout(resolve, 10));
       console.log(all > 1_000, full < all / 20);`,
      {},
      node,
    );
    expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'true true\n' });
  });
});

test('an open that waits while another holds the last descriptor is served when it is disposed, and the process stays alive for it', () => {
  const { status, stdout, stderr } = runLimited(
    256,
    `files.descriptors.resize(1);
     const first = await files.open(process.execPath);
     setTimeout(() => first.dispose(), 20).unref();
     await files.open(process.execPath);
     console.log('served');`,
  );
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'served\n' });
});

test('20,000 readFile calls at once stay within the budget and read the right bytes', () => {
  const { status, stdout, stderr } = runLimited(
    256,
    `const path = process.argv[0];
     nodeFs.writeFileSync('/tmp/handback-small-' + process.pid, 'x'.repeat(200));
     const texts = await Promise.all(Array.from({ length: 20_000 }, () => files.readFile('/tmp/handback-small-' + process.pid, 'utf8')));
     nodeFs.unlinkSync('/tmp/handback-small-' + process.pid);
     const { peak, capacity, used } = files.descriptors.stats();
     console.log(texts.every((text) => text === 'x'.repeat(200)), peak <= capacity, used);`,
  );
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'true true 0\n' });
});
