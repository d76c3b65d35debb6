// Others take descriptors and give them back without a word; at the worst none is left. In processes of their own, at real limits.
import { expect, test } from 'vitest';
import { runLimited } from './children/run.ts';

/** \`takeAll\` opens until EMFILE, past all budgets. */
const withHog = (program: string): string => `
  const hog = [];
  const takeAll = () => { try { for (;;) hog.push(nodeFs.openSync('/dev/null')); } catch ({ code }) { return code; } };
  const letGo = (count = hog.length) => { for (const fd of hog.splice(0, count)) nodeFs.closeSync(fd); };
  ${program}`;

test('an open that waits when others took all is served soon after they let go, though nobody tells', () => {
  const { status, stdout, stderr } = runLimited(
    128,
    withHog(`
      const kept = await files.open(process.execPath);
      console.log(takeAll());
      setTimeout(letGo, 300);
      const start = performance.now();
      const file = await files.open(process.execPath, 'r', undefined, { timeout: 20_000 });
      const took = performance.now() - start;
      console.log(took > 250, took < 5_000, file.readSync(Buffer.alloc(4)));
      process.exit();`),
  );
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'EMFILE\ntrue true 4\n' });
});

test('a hog that comes and goes shrinks the capacity and lets it grow to what it was, three times', () => {
  const { status, stdout, stderr } = runLimited(
    256,
    withHog(`
      const fill = () => { const held = []; try { for (;;) held.push(files.openSync('/dev/null')); } catch ({ code }) { held.forEach((file) => file.dispose()); return [held.length, code]; } };
      const [first] = fill();
      for (let round = 0; round < 3; round++) {
        for (let index = 0; index < 100; index++) hog.push(nodeFs.openSync('/dev/null'));
        const [small, code] = fill();
        letGo();
        const [large] = fill();
        // Node may have opened one more of its own by then.
        console.log([100, 101].includes(first - small), code, first - large <= 1);
      }`),
  );
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'true ERR_BUDGET_EXCEEDED true\n'.repeat(3) });
});

test('files that are open are read, and closed, when no descriptor is left; an error that names the numbers is said', () => {
  const { status, stdout, stderr } = runLimited(
    128,
    withHog(`
      const file = files.openSync(process.execPath);
      takeAll();
      console.log((await file.read(Buffer.alloc(8))).bytesRead, file.statSync().isFile());
      try { for (;;) hog.push(files.openSync('/dev/null')); } catch ({ code, message }) { console.log(code, /\\d+ of \\d+/.test(message)); }
      file.dispose();
      console.log(file.state);`),
  );
  expect(stdout, stderr).toMatch(/^8 true\nERR_BUDGET_EXCEEDED true\nclosed\n$/);
  expect(status).toBe(0);
});

test('the memory watch goes on when no descriptor is left, where process.memoryUsage() itself throws', () => {
  const { status, stdout, stderr } = runLimited(
    128,
    withHog(`
      const seen = Promise.withResolvers?.() ?? (() => { let resolve; const promise = new Promise((yes) => (resolve = yes)); return { promise, resolve }; })();
      const watch = handback.watchMemory({ growth: 1.05, interval: 5, onPressure: seen.resolve });
      takeAll();
      let own = 'works'; try { process.memoryUsage(); } catch ({ code }) { own = code; }
      const blocks = []; for (let index = 0; index < 20; index++) blocks.push(Buffer.alloc(2 ** 22, 1));
      const alive = setTimeout(() => {}, 20_000);
      const { resident, trigger } = await seen.promise;
      clearTimeout(alive);
      watch[Symbol.dispose]();
      console.log(own, resident > trigger * 0.9, blocks.length);`),
  );
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'EMFILE true 20\n' });
});

test('a limit that is raised under the running process serves who waits', () => {
  const { status, stdout, stderr } = runLimited(
    256,
    `import { execFileSync } from 'node:child_process';
     execFileSync('prlimit', ['--pid', String(process.pid), '--nofile=100:256']);
     const held = [];
     try { for (;;) held.push(files.openSync('/dev/null')); } catch {}
     const few = held.length;
     const waiting = files.open('/dev/null', 'r', undefined, { timeout: 20_000 });
     execFileSync('prlimit', ['--pid', String(process.pid), '--nofile=200:256']);
     held.push(await waiting);
     try { for (;;) held.push(files.openSync('/dev/null')); } catch {}
     console.log(few < 60, held.length - few >= 90);`,
  );
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'true true\n' });
});

test('directories, locks and their removal need no descriptor, or wait for one, when others took all', () => {
  const { status, stdout, stderr } = runLimited(
    128,
    withHog(`
      import { tmpdir } from 'node:os';
      const directory = await files.mkdtempDisposable(tmpdir() + '/handback-hog-');
      const { path } = directory;
      nodeFs.mkdirSync(path + '/a/b', { recursive: true });
      nodeFs.writeFileSync(path + '/a/b/file', '');
      takeAll();
      const held = await files.lock(path + '/a/b/file');
      held.dispose();
      const small = await files.mkdtempDisposable(path + '/small-');
      // Later than Node's own tries of a removal end.
      setTimeout(letGo, 800);
      await directory.remove();
      console.log(nodeFs.existsSync(path), small.kind);
      process.exit();`),
  );
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'false temporary directory\n' });
});

test('the first look, with no descriptor left, asks for no report, which may never end then', () => {
  const { status, stdout, stderr } = runLimited(
    64,
    `process.report.getReport = () => { console.log('asked'); throw new Error('asked'); };
     const hogs = [];
     try { for (;;) hogs.push(nodeFs.openSync('/dev/null')); } catch {}
     const exhausted = files.descriptors.stats().capacity;
     let code;
     try { files.openSync('/dev/null'); } catch (error) { ({ code } = error); }
     for (const fd of hogs) nodeFs.closeSync(fd);
     using file = await files.open('/dev/null');
     console.log(exhausted, code, file.state);`.replace('using file', 'const file'),
  );
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: '1 ERR_BUDGET_EXCEEDED open\n' });
});

test('a cache alone has its files open again when a hog has gone', () => {
  const { status, stdout, stderr } = runLimited(
    128,
    `const folder = nodeFs.mkdtempSync('/tmp/handback-');
     const cache = new files.FileCache({ capacity: 12 });
     const cached = Array.from({ length: 12 }, (_, index) => {
       nodeFs.writeFileSync(folder + '/' + index, '');
       return cache.open(folder + '/' + index);
     });
     const readAll = () => { for (const file of cached) file.readSync(Buffer.alloc(1), 0, 1, 0); };
     readAll();
     const hogs = [];
     try { for (;;) hogs.push(nodeFs.openSync('/dev/null')); } catch {}
     cache.evict(11);
     for (;;) { try { hogs.push(nodeFs.openSync('/dev/null')); } catch { break; } }
     readAll();
     const meanwhile = cache.stats().open;
     for (const fd of hogs) nodeFs.closeSync(fd);
     for (let times = 0; times < 4; times++) readAll();
     console.log(meanwhile < 12, cache.stats().open);
     for (const file of cached) file.dispose();
     cache.dispose();
     nodeFs.rmSync(folder, { recursive: true });`,
  );
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'true 12\n' });
});

test('calls that need a descriptor for a moment have idle files closed for it, and name the numbers where there are none', () => {
  const { status, stdout, stderr } = runLimited(
    128,
    `const folder = nodeFs.mkdtempSync('/tmp/handback-');
     const cache = new files.FileCache({ capacity: 12 });
     for (let index = 0; index < 12; index++) nodeFs.writeFileSync(folder + '/' + index, '');
     const idle = Array.from({ length: 12 }, (_, index) => cache.open(folder + '/' + index));
     const hogs = [];
     const takeAll = () => {
       for (const fd of hogs.splice(0)) nodeFs.closeSync(fd);
       for (let times = 0; times < 4; times++) for (const file of idle) if (file.state === 'open') file.readSync(Buffer.alloc(1), 0, 1, 0);
       try { for (;;) hogs.push(nodeFs.openSync('/dev/null')); } catch {}
     };
     const said = [];
     for (const call of [
       () => files.readdir(folder),
       () => files.copyFile(folder + '/1', folder + '/copy'),
       () => files.cp(folder + '/1', folder + '/copy'),
       () => files.rm(folder, { recursive: true }),
     ]) {
       takeAll();
       await call().then(() => said.push('done'), (error) => said.push(error.code));
     }
     for (const file of idle) file.dispose();
     takeAll();
     await files.readdir('/').catch((error) => said.push(error.code, error.cause.code, /raise the limit/.test(error.message)));
     for (const fd of hogs) nodeFs.closeSync(fd);
     console.log(said.join(' '), nodeFs.existsSync(folder));
     cache.dispose();`,
  );
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'done done done done ERR_BUDGET_EXCEEDED EMFILE true false\n' });
});
