/** The lives of a heap's context: from its creation to its loss, from its restoration to the next one, or those of another that takes its place. */
import { DeviceLostError } from '../errors.ts';
import type { DeviceLostInfo } from '../heap/gpu-heap.ts';
import { Context } from './context.ts';
import { listenForLoss } from './loss.ts';
import type { GlObject } from './objects.ts';
import type { WebGLHeapOptions } from './options.ts';
import type { GlShape } from './types.ts';

/** Who goes along. */
export interface LifeListener {
  /** Nothing is left of what was made in it. */
  ended(error: DeviceLostError): void;
  began(context: Context): void;
}

export class Lives implements Disposable {
  readonly #restore: boolean;
  readonly #checkMemory: boolean;
  readonly #listener: LifeListener;
  #gl: GlShape;
  #listening: Disposable;
  /** Undefined from a loss on. */
  #context: Context | undefined;
  #lostError: DeviceLostError | undefined = undefined;
  #lost: PromiseWithResolve<DeviceLostInfo> = promise();

  constructor(gl: GlShape, { restore = true, checkMemory = true }: WebGLHeapOptions, listener: LifeListener) {
    this.#restore = restore;
    this.#checkMemory = checkMemory;
    this.#listener = listener;
    this.#gl = gl;
    this.#context = new Context(gl, checkMemory);
    this.#listening = this.#listen();
  }

  /** Resolves when the present life ends. */
  get lost(): Promise<DeviceLostInfo> {
    return this.#lost.promise;
  }

  /** The present one. Throws DeviceLostError while there is none. */
  require(label: string | undefined): Context {
    this.#look();
    if (this.#context !== undefined) return this.#context;
    const of = label === undefined || label === '' ? 'the GPU' : `'${label}'`;
    throw new DeviceLostError(`Cannot use ${of}: ${(this.#lostError as DeviceLostError).message}`, 'unknown', { kind: 'GPU memory', label });
  }

  /** Throws DeviceLostError for an object of a life that is over, also where another one has begun. */
  requireAlive(object: GlObject, label: string | undefined): void {
    this.require(label);
    if (object.context.isOver) throw new DeviceLostError(`Cannot use '${label}': the context was lost meanwhile.`, 'unknown', { kind: 'GPU memory', label });
  }

  /** Another context. Throws TypeError while there is one. */
  attach(gl: GlShape): void {
    this.#look();
    if (this.#context !== undefined) throw new TypeError('Cannot attach a heap to another context: it has one. Attach it when `heap.lost` has resolved.');
    this.#listening[Symbol.dispose]();
    this.#gl = gl;
    this.#listening = this.#listen();
    this.#look();
  }

  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
  }

  #listen(): Disposable {
    return listenForLoss(this.#gl.canvas, { restore: this.#restore, lost: (message) => this.#end(message), restored: () => this.#look() });
  }

  /** Events come a turn later, and to other listeners first: the context itself knows at once. */
  #look(): void {
    if (this.#gl.isContextLost()) this.#end('');
    else if (this.#context === undefined) this.#begin();
  }

  #end(message: string): void {
    const context = this.#context;
    if (context === undefined) return;
    context.end();
    this.#context = undefined;
    const next = this.#restore ? 'It is made anew when the browser gives the context back, or attach the heap to another' : 'Attach the heap to another one';
    this.#lostError = new DeviceLostError(`the context was lost${message === '' ? '' : ` (${message})`}. ${next}: heap.attach(gl).`, 'unknown');
    this.#listener.ended(this.#lostError);
    this.#lost.resolve({ reason: 'unknown', message });
  }

  #begin(): void {
    this.#context = new Context(this.#gl, this.#checkMemory);
    this.#lostError = undefined;
    this.#lost = promise();
    this.#listener.began(this.#context);
  }
}

export function requireContext(gl: unknown): GlShape {
  if (typeof (gl as GlShape | undefined)?.texStorage2D === 'function') return gl as GlShape;
  throw new TypeError(`Expected a WebGL2RenderingContext, got ${String(gl)}`);
}

interface PromiseWithResolve<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

function promise<T>(): PromiseWithResolve<T> {
  let resolve: (value: T) => void = () => {};
  return { promise: new Promise<T>((settle) => (resolve = settle)), resolve };
}
