/** A real browser: Debian's chromium, headless, whose page has the packages as they are shipped; scenarios are modules of `pages/`. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser } from 'playwright-core';
import { rolldown } from 'rolldown';
import { gpuMemory, type GpuMemory } from './gpu-memory.ts';

const EXECUTABLE = process.env['HANDBACK_CHROMIUM'] ?? '/usr/bin/chromium';
const PACKAGES = fileURLToPath(new URL('../../../', import.meta.url));
/** The first gives WebGPU on the software driver that chromium brings, and leaves WebGL2 as it is. */
const FLAGS = ['--enable-unsafe-webgpu', '--no-sandbox'];

/** Why there is none. */
export const missing: string | undefined = existsSync(EXECUTABLE) ? undefined : `no browser: install chromium, or say where it is by HANDBACK_CHROMIUM`;
if (missing !== undefined) {
  if (process.env['CI'] !== undefined) throw new Error(`CI has to have a browser: ${missing}`);
  console.log(`skipped: ${missing}`);
}

type Scenarios = Record<string, (...parameters: never[]) => unknown>;
/** Runs a scenario by its name, in a page of its own. */
export type Run<Module extends Scenarios> = <Name extends keyof Module & string>(
  name: Name,
  ...parameters: Parameters<Module[Name]>
) => Promise<Awaited<ReturnType<Module[Name]>>>;

export interface TestBrowser extends AsyncDisposable {
  /** What pages wrote as errors, or threw; complaints of WebGL too. */
  readonly errors: string[];
  /** The scenarios of a module of `pages/`. */
  scenarios<Module extends Scenarios>(module: string): Run<Module>;
  /** What the GPU process takes, in bytes. */
  memory(): GpuMemory;
}

/** `gc`: whether pages have a `gc()`. */
export async function openBrowser({ gc = false } = {}): Promise<TestBrowser> {
  const server = await serve();
  const { port } = server.address() as AddressInfo;
  const args = gc ? [...FLAGS, '--js-flags=--expose-gc'] : FLAGS;
  const browser = await chromium.launch({ executablePath: EXECUTABLE, headless: true, args });
  const errors: string[] = [];
  return {
    errors,
    scenarios:
      (module) =>
      (name, ...parameters) =>
        inPage(browser, port, errors, `import('/pages/${module}.js').then((module) => module.${name}(...${JSON.stringify(parameters)}))`),
    memory: () => gpuMemory(),
    [Symbol.asyncDispose]: async () => {
      await browser.close();
      server.close();
    },
  };
}

async function inPage<R>(browser: Browser, port: number, errors: string[], expression: string): Promise<R> {
  const page = await browser.newPage();
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    const text = message.text();
    // Losing contexts, running out of memory, and forgetting is what some scenarios are about.
    if (
      (message.type() === 'error' || /WebGL/.test(text)) &&
      !/CONTEXT_LOST_WEBGL|loseContext|total allocation size is too large|Performance|ResourceLeakWarning/.test(text)
    )
      errors.push(text);
  });
  try {
    await page.exposeFunction('look', () => gpuMemory().now);
    await page.goto(`http://127.0.0.1:${port}/`);
    // As text: the transform that tests go through would put its own imports into a function.
    return await page.evaluate<R>(expression);
  } finally {
    await page.close();
  }
}

/** Where the packages are imported from: their built files. */
const IMPORTS = {
  '@handback/core': '/core/dist/index.js',
  '@handback/gpu': '/gpu/dist/index.js',
  '@handback/gpu/webgl': '/gpu/dist/webgl.js',
};
const HTML = `<!doctype html><title>Handback</title><link rel="icon" href="data:,"><script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>`;

async function serve(): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
    const answer = (type: string, body: string | Uint8Array): void => void response.writeHead(200, { 'content-type': type }).end(body);
    const fail = (error: unknown): void => void response.writeHead(404).end(String(error));
    if (pathname === '/') answer('text/html', HTML);
    else if (/^\/pages\/[\w-]+\.js$/.test(pathname))
      bundled(pathname.slice('/pages/'.length, -'.js'.length)).then((code) => answer('text/javascript', code), fail);
    else if (/^\/(core|gpu)\/dist\/[\w-]+\.js$/.test(pathname) && extname(pathname) === '.js') {
      try {
        answer('text/javascript', readFileSync(`${PACKAGES}${pathname}`));
      } catch (error) {
        fail(error);
      }
    } else fail('no such page');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** A module of scenarios without its types, and with its helpers; the packages stay imports. */
async function bundled(name: string): Promise<string> {
  const bundle = await rolldown({
    input: fileURLToPath(new URL(`pages/${name}.ts`, import.meta.url)),
    external: /^@handback\//,
    platform: 'browser',
    transform: { target: 'esnext' },
  });
  const { output } = await bundle.generate({ format: 'esm' });
  await bundle.close();
  return output[0].code;
}
