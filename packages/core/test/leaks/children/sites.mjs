// Scenarios in which Error is frozen, or the package is bundled into the app: for a process of their own.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { collectGarbage, defineResource, leaks } from '@handback/core';

const say = (value) => console.log(JSON.stringify(value));
const turn = () => new Promise((resolve) => void setImmediate(resolve));
let calls = 0;
let released = 0;
const files = defineResource({ kind: 'file', openSync: () => 1, release: () => void released++ });

function openFrozen() {
  return files.acquireSync();
}

async function frozen() {
  leaks.configure({ warn: false });
  const file = openFrozen();
  await turn();
  const [live] = leaks.live();
  file.dispose();
  await collectGarbage();
  say({ calls, site: live.site ?? null, released });
}

const scenarios = {
  'own folder': () => {
    const kind = defineResource({ kind: 'own', openSync: () => 1, release: () => {}, module: import.meta.url });
    function openOwn() {
      return kind.acquireSync();
    }
    const file = openOwn();
    say({ site: leaks.live()[0].site });
    file.dispose();
  },
  frozen: async () => {
    Object.freeze(Error);
    await frozen();
  },
  'frozen with a formatter': async () => {
    Error.prepareStackTrace = () => String(++calls);
    Object.freeze(Error);
    await frozen();
  },
  'sealed limit': async () => {
    Object.defineProperty(Error, 'stackTraceLimit', { value: 4, writable: false, configurable: false });
    await frozen();
  },
  bundled: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'handback-bundle-'));
    try {
      const app = fileURLToPath(new URL('app.mjs', import.meta.url));
      const rolldown = fileURLToPath(new URL('../../../../../node_modules/rolldown/bin/cli.mjs', import.meta.url));
      execFileSync(process.execPath, [rolldown, app, '--file', join(folder, 'bundle.mjs'), '--platform', 'node', '--format', 'esm'], { stdio: 'pipe' });
      say(await import(pathToFileURL(join(folder, 'bundle.mjs')).href).then(({ site }) => ({ site })));
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

await scenarios[process.argv[2]]();
