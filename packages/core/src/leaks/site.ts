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

/** Folders whose frames are left out: this package's own, and those of adapters that name their module. */
const hiddenFolders = new Set<string>();

/** Leaves frames of the folder that holds `module` (an `import.meta.url`) out of sites. */
export function hideFrames(module: string): void {
  hiddenFolders.add(toPath(module).replace(/[^/\\]*$/, ''));
}
hideFrames((import.meta as unknown as { url: string }).url);

/** Captures the calling line; frames above `below`, the public function that was called, are left out. Cheap until it is read. */
export function capture(below: Function): Error {
  const limit = settings.stackTraceLimit;
  const error = quiet();
  try {
    settings.stackTraceLimit = CAPTURED;
    if (settings.captureStackTrace !== undefined) settings.captureStackTrace(error, below);
    else return new Error();
  } catch {
    // Frozen intrinsics: the app's own limit applies.
  } finally {
    restore('stackTraceLimit', limit);
  }
  return error;
}

// An Error that costs no capture of its own.
function quiet(): Error {
  const limit = settings.stackTraceLimit;
  try {
    settings.stackTraceLimit = 0;
  } catch {}
  const error = new Error();
  restore('stackTraceLimit', limit);
  return error;
}

function restore(name: 'stackTraceLimit' | 'prepareStackTrace', value: unknown): void {
  try {
    if (value === undefined) delete settings[name];
    else (settings as Record<string, unknown>)[name] = value;
  } catch {}
}

/** Reads a capture's stack with the runtime's own formatter, whatever the app has installed. */
function readStack(error: Error): string {
  const own = Object.hasOwn(settings, 'prepareStackTrace');
  const prepare = settings.prepareStackTrace;
  try {
    if (own) settings.prepareStackTrace = undefined;
    return String(error.stack);
  } catch {
    return '';
  } finally {
    if (own) settings.prepareStackTrace = prepare;
  }
}

const sites = new Map<string, Site>();

/** The site of a capture; undefined where the stack shows no line of user code. */
export function siteOf(kind: string, error: Error): Site | undefined {
  const frames: Frame[] = [];
  let hidden = 0;
  for (const line of readStack(error).split('\n')) {
    const frame = parse(line);
    if (frame === undefined) continue;
    if (isHidden(frame.file)) hidden++;
    else if (frames.length < KEPT) frames.push({ ...frame, file: shorten(frame.file) });
  }
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

function parse(line: string): Frame | undefined {
  const [, fn = '', file = '', row, col] = v8Line.exec(line) ?? otherLine.exec(line) ?? [];
  return row === undefined ? undefined : { fn, file: toPath(file), line: Number(row), col: Number(col) };
}

function isHidden(file: string): boolean {
  if (file.startsWith('node:') || file.startsWith('native') || file.includes('/node_modules/@handback/')) return true;
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
