/** Contexts of WebGL2 for scenarios, which know every error that WebGL has told anybody. */
import { WebGLHeap, type GlContext, type WebGLHeapOptions } from '@handback/gpu/webgl';

export const MiB = 2 ** 20;
export const RGBA8 = 0x8058;
export const TILE = { internalFormat: RGBA8, size: [512, 512] } as const;

/** What scenarios use besides what the heap does. */
export interface PageGl {
  readonly errors: number[];
  readonly canvas: EventTarget;
  readonly [name: string]: any; // oxlint-disable-line typescript/no-explicit-any
}

interface Page {
  readonly document: { createElement(name: string): Canvas };
  readonly OffscreenCanvas: new (width: number, height: number) => Canvas;
}

interface Canvas {
  getContext(kind: string, options?: object): PageGl;
}

export function newContext(isOffscreen = false): PageGl {
  const { document, OffscreenCanvas } = globalThis as unknown as Page;
  const gl = (isOffscreen ? new OffscreenCanvas(8, 8) : document.createElement('canvas')).getContext('webgl2', { antialias: false });
  const errors: number[] = [];
  const ask = gl['getError'].bind(gl) as () => number;
  const getError = (): number => {
    const error = ask();
    // A context that is lost tells it once.
    if (error !== 0 && error !== 0x9242) errors.push(error);
    return error;
  };
  return Object.assign(gl, { errors, getError });
}

export function newHeap(gl: PageGl, options: Partial<WebGLHeapOptions> = {}): WebGLHeap {
  return new WebGLHeap(gl as unknown as GlContext, { capacity: 16 * MiB, ...options });
}

/** All errors up to now: there ought to be none. */
export function errorsOf(gl: PageGl): number[] {
  gl['getError']();
  return gl.errors;
}

export function turn(milliseconds = 0): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** What a promise rejects with: its name, and what it says. */
export async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'none';
  } catch (error) {
    return told(error);
  }
}

export function thrown(operation: () => unknown): string {
  try {
    operation();
    return 'none';
  } catch (error) {
    return told(error);
  }
}

function told(error: unknown): string {
  const { name, message } = error as Error;
  return `${name}: ${message}`;
}
