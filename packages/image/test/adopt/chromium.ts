// A real browser: Debian's Chromium, on a page that loads the built packages by an import map.
import { AsyncDisposableStack } from '@handback/core';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';

const executablePath = '/usr/bin/chromium';

/** Why there is no browser; undefined where there is one. In CI the lack of one is a failure, so that tests do not stop running unseen. */
export const missing: string | undefined =
  existsSync(executablePath) || process.env['CI'] !== undefined ? undefined : `there is no ${executablePath}: apt-get install chromium`;

const folders: Readonly<Record<string, URL>> = {
  core: new URL('../../../core/dist/', import.meta.url),
  image: new URL('../../dist/', import.meta.url),
  test: new URL('children/', import.meta.url),
};
const engines = ['canvas', 'canvaskit', 'opencv', 'webcodecs'].map((name) => [`@handback/image/${name}`, `/image/${name}.js`]);
const imports = { '@handback/core': '/core/index.js', ...Object.fromEntries(engines) };
const html = `<!doctype html><title>test</title><script type="importmap">${JSON.stringify({ imports })}</script>`;

/** A page in a browser of its own. */
export interface Tab extends AsyncDisposable {
  /** Calls a function of `children/browser.mjs` in the page. */
  run(name: string): Promise<unknown>;
}

export async function openTab(flags: readonly string[] = []): Promise<Tab> {
  await using undo = new AsyncDisposableStack();
  const server = createServer(({ url = '' }, response) => {
    const [, folder = '', file = ''] = /^\/(\w+)\/([\w.-]+)$/.exec(url) ?? [];
    const path = folders[folder];
    try {
      const [type, body] = path === undefined ? ['text/html', html] : ['text/javascript', readFileSync(fileURLToPath(new URL(file, path)))];
      response.setHeader('content-type', type).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.defer(() => void server.close());
  const browser: Browser = await chromium.launch({
    executablePath,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage', ...flags],
  });
  undo.defer(() => browser.close());
  const page: Page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const owned = undo.move();
  return {
    run: async (name) => {
      const result: unknown = await page.evaluate(`import('/test/browser.mjs').then((scenarios) => scenarios[${JSON.stringify(name)}]())`);
      if (errors.length > 0) throw new Error(errors.join('\n'));
      return result;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
