/**
 * Sites: the lines of user code that acquired resources. A capture is an Error that nobody has read yet; V8 then keeps the
 * receiver of every frame alive, so a capture is read (formatted) before its record leaves the young list. Formatted stacks are
 * interned: a record holds one pointer, and a site counts its leaks once for all.
 *
 * `Error.stackTraceLimit` and `Error.prepareStackTrace` belong to the app: both are put back before any of its code can run, and
 * its formatter never runs for a capture of ours.
 */
import { host } from '../runtime/host.ts';

/** One line of a stack. */
export interface Frame {
  readonly fn: string;
  readonly file: string;
  readonly line: number;
  readonly col: number;
}

/** A place in user code, the same object for every resource acquired there. */
export interface Site {
  /** The kind and the first eight frames that are neither the runtime's nor a library's own. */
  readonly key: string;
  readonly frames: readonly Frame[];
  /** Frames of libraries that were left out. */
  readonly hidden: number;
  /** `file:line:column (function)` of the first frame. */
  readonly text: string;
}

const CAPTURED = 16;
const KEPT = 8;
const MOST_SITES = 1_000;

interface ErrorSettings {
  stackTraceLimit?: number;
  prepareStackTrace?: unknown;
  captureStackTrace?(target: object, below?: Function): void;
}
const settings = Error as unknown as ErrorSettings;
// Taken when loaded, so that what an app puts in its place later is not run by our captures.
const { captureStackTrace } = settings;

/** Folders whose frames are left out: those of adapters that name their module. */
const hiddenFolders = new Set<string>();

/** Leaves frames of the folder that holds `module` (an `import.meta.url`) out of sites. */
export function hideFrames(module: string): void {
  hiddenFolders.add(folderOf(module));
}

function folderOf(module: string): string {
  return toPath(module).replace(/[^/\\]*$/, '');
}
const { url } = import.meta as unknown as { url: string };
// Run from its sources, the package is the folder above this one; bundled, that of its one file. In a bundle of the app's it has none.
const ownFolder = /\/(?:@handback|packages)\/core\//.test(url) ? folderOf(url.replace(/leaks\/site\.ts$/, '')) : undefined;

/** Helpers that compilers import for `using`, as modules or as virtual ones: between a dispose and the line that asked for it. */
const helpers = /(?:\/node_modules\/|^\0)(?:tslib|@oxc-project[+/]runtime|@babel\/runtime|@swc\/helpers)(?:@[^/]+)?\//;

/** Captures the calling line; frames above `below`, the public function that was called, are left out. Cheap until it is read. */
export function capture(below: Function): Error {
  const own = Object.getOwnPropertyDescriptor(settings, 'stackTraceLimit');
  // Frozen, or an accessor, whose functions are the app's: then its own limit applies.
  const settable = own === undefined ? Object.isExtensible(settings) : own.writable === true;
  if (!settable) return captureInto(new Error(), below);
  try {
    settings.stackTraceLimit = 0;
    const error = new Error(); // Without a capture of its own.
    settings.stackTraceLimit = CAPTURED;
    return captureInto(error, below);
  } finally {
    if (own === undefined) delete settings.stackTraceLimit;
    else settings.stackTraceLimit = own.value as number;
  }
}

function captureInto(error: Error, below: Function): Error {
  if (captureStackTrace === undefined) return new Error();
  captureStackTrace(error, below);
  return error;
}

/** Reads a capture's stack with the runtime's own formatter, whatever the app has installed; empty where the app's cannot be put aside. */
function readStack(error: Error): string {
  const own = Object.getOwnPropertyDescriptor(settings, 'prepareStackTrace');
  try {
    if (own !== undefined && !putAside(own)) return '';
    return String(error.stack);
  } catch {
    return '';
  } finally {
    if (own !== undefined) Reflect.defineProperty(settings, 'prepareStackTrace', own);
  }
}

// By descriptors, so that an accessor of the app's is not run either, and nothing is thrown where Error is frozen.
function putAside({ configurable, value }: PropertyDescriptor): boolean {
  if (Reflect.defineProperty(settings, 'prepareStackTrace', configurable === true ? { value: undefined, configurable } : { value: undefined })) return true;
  // Frozen with what Node itself has put there: that is no code of the app's.
  return value === undefined || (value as { name?: unknown }).name === 'ErrorPrepareStackTrace';
}

const sites = new Map<string, Site>();

/** The site of a capture; undefined where the stack shows no line of user code. */
export function siteOf(kind: string, error: Error): Site | undefined {
  const all = parseStack(error);
  const users = all.filter(({ file }) => !isInternal(file));
  const visible = users.filter(({ file }) => !isHidden(file));
  // An app that names its own folder as an adapter's has no lines but these: better one of them than none.
  const shown = visible.length > 0 ? visible : users;
  const frames = shown.slice(0, KEPT).map((frame) => ({ ...frame, file: shorten(frame.file) }));
  const hidden = all.length - shown.length;
  const [first] = frames;
  if (first === undefined) return undefined;
  const key = `${kind}\n${frames.map(frameText).join('\n')}`;
  const known = sites.get(key);
  // Least recently seen goes first: a Map keeps the order of insertion.
  if (known !== undefined) sites.delete(key);
  else if (sites.size >= MOST_SITES) sites.delete(sites.keys().next().value as string);
  const site = known ?? { key, frames, hidden, text: frameText(first) };
  sites.set(key, site);
  return site;
}

/** `file:line:column (function)`. */
export function frameText(frame: Frame): string {
  return `${frame.file}:${frame.line}:${frame.col}${frame.fn === '' ? '' : ` (${frame.fn})`}`;
}

// V8 and Bun: "at fn (file:1:2)", "at async file:1:2"; JavaScriptCore and SpiderMonkey: "fn@file:1:2".
const v8Line = /^\s*at (?:async )?(?:(.*?) \()?(.+?):(\d+):(\d+)\)?$/;
const otherLine = /^(.*?)@(.+?):(\d+):(\d+)$/;

function parseStack(error: Error): Frame[] {
  const frames: Frame[] = [];
  for (const line of readStack(error).split('\n')) {
    const [, fn = '', file = '', row, col] = v8Line.exec(line) ?? otherLine.exec(line) ?? [];
    if (row !== undefined) frames.push({ fn, file: toPath(file), line: Number(row), col: Number(col) });
  }
  return frames;
}

/** How many functions of the app stand on the stack of a capture, those that wait for it not counted. */
export function callDepth(error: Error): number {
  let depth = 0;
  for (const line of readStack(error).split('\n')) {
    if (/^\s*at async /.test(line)) break;
    const file = v8Line.exec(line)?.[2];
    if (file !== undefined && !isInternal(toPath(file))) depth++;
  }
  return depth;
}

function isInternal(file: string): boolean {
  return (
    file.startsWith('node:') ||
    file.startsWith('native') ||
    file.includes('/node_modules/@handback/') ||
    helpers.test(file) ||
    (ownFolder !== undefined && file.startsWith(ownFolder))
  );
}

function isHidden(file: string): boolean {
  for (const folder of hiddenFolders) if (file.startsWith(folder)) return true;
  return false;
}

function toPath(url: string): string {
  if (!url.startsWith('file://')) return url;
  const path = url.slice(7).replace(/^\/(?=[A-Za-z]:)/, '');
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Paths below the working directory are shown from there, as a person would type them. */
function shorten(file: string): string {
  const here = workingDirectory();
  return here !== undefined && file.startsWith(here) ? file.slice(here.length) : file;
}

let directory: string | undefined | null = null;

function workingDirectory(): string | undefined {
  if (directory === null) {
    directory = undefined;
    try {
      const path = (host.process as { cwd?(): string } | undefined)?.cwd?.();
      if (path !== undefined && path !== '/') directory = `${path}/`;
    } catch {
      // The directory is gone, or reading it is not permitted.
    }
  }
  return directory;
}
