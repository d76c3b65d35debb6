/** One life of a context, from its creation or restoration to its loss: what was made in it is gone with it. */
import { DeviceLostError, GpuOutOfMemoryError } from '../errors.ts';
import type { Platform, WorkQueue } from '../heap/platform.ts';
import { GL } from './enums.ts';
import type { GlShape } from './types.ts';

/** The longest pause between two looks at a fence, in milliseconds. */
const LONGEST_PAUSE = 8;

/** How an object is made. */
export interface Maker {
  readonly create: () => object | null;
  readonly allocate: (raw: object) => void;
  readonly isAllocated: (raw: object) => boolean;
  readonly remove: (raw: object) => void;
}

export class Context implements Platform {
  readonly gl: GlShape;
  readonly queue: WorkQueue = { onSubmittedWorkDone: () => this.#done() };
  readonly #checkMemory: boolean;
  #ended = false;
  #flushing = false;

  constructor(gl: GlShape, checkMemory: boolean) {
    this.gl = gl;
    this.#checkMemory = checkMemory;
  }

  /** What was made in this life is no object of WebGL any more: naming it in the next one would be an error. */
  get isOver(): boolean {
    return this.#ended || this.gl.isContextLost();
  }

  end(): void {
    this.#ended = true;
  }

  /** Errors are thrown at once, by what makes it. */
  pushErrorScope(): void {}
  popErrorScope(): Promise<null> {
    return Promise.resolve(null);
  }

  /** Makes an object and its memory. Throws GpuOutOfMemoryError, or DeviceLostError. */
  make({ create, allocate, isAllocated, remove }: Maker): object {
    const raw = this.isOver ? null : create();
    if (raw === null) throw new DeviceLostError('The context was lost.', 'unknown', { kind: 'GPU memory' });
    allocate(raw);
    if (this.#checkMemory && this.#isRefused(() => isAllocated(raw))) {
      remove(raw);
      throw new GpuOutOfMemoryError('The context has no memory for it.', { kind: 'GPU memory' });
    }
    return raw;
  }

  /** Deletes an object. Browsers send commands when they have many: one flush a turn sees to it that memory comes back now. */
  remove(remove: () => void): void {
    if (this.isOver) return;
    remove();
    if (this.#flushing) return;
    this.#flushing = true;
    void Promise.resolve().then(() => {
      this.#flushing = false;
      this.gl.flush();
    });
  }

  /** WebGL keeps one of each error until it is asked, so others may be the app's: then what was made is looked at. */
  #isRefused(isAllocated: () => boolean): boolean {
    const errors: number[] = [];
    // A lost context may answer for ever.
    for (let error = this.gl.getError(); error !== 0 && errors.length < 8; error = this.gl.getError()) errors.push(error);
    return errors.includes(GL.OUT_OF_MEMORY) || (errors.length > 0 && !isAllocated());
  }

  /** Resolves when a fence is passed that is set now. A page cannot wait for one within a turn: it is looked at in later ones. */
  #done(): Promise<void> {
    const sync = this.isOver ? null : this.gl.fenceSync(GL.SYNC_GPU_COMMANDS_COMPLETE, 0);
    if (sync === null) return Promise.resolve();
    // Else nothing may ever be sent, where a page does nothing more.
    this.gl.flush();
    return new Promise((resolve) => {
      let pause = 1;
      const look = (): void => {
        if (!this.isOver && this.gl.getSyncParameter(sync, GL.SYNC_STATUS) !== GL.SIGNALED) {
          pause = Math.min(pause * 2, LONGEST_PAUSE);
          setTimeout(look, pause);
          return;
        }
        if (!this.isOver) this.gl.deleteSync(sync);
        resolve();
      };
      setTimeout(look, 0);
    });
  }
}
