/** One life of a context, from its creation or restoration to its loss: what was made in it is gone with it. */
import { DeviceLostError, GpuOutOfMemoryError } from '../errors.ts';
import type { Platform, WorkQueue } from '../heap/platform.ts';
import { GL } from './enums.ts';
import type { GlShape } from './types.ts';

/** The longest pause between two looks at a fence, in milliseconds. */
const LONGEST_PAUSE = 8;

export class Context implements Platform {
  readonly gl: GlShape;
  readonly queue: WorkQueue = { onSubmittedWorkDone: () => this.#done() };
  readonly #checkMemory: boolean;
  #ended = false;

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
  make<Raw extends object>(create: () => Raw | null, allocate: (raw: Raw) => void, remove: (raw: Raw) => void): Raw {
    const raw = this.isOver ? null : create();
    if (raw === null) throw new DeviceLostError('The context was lost.', 'unknown', { kind: 'GPU memory' });
    allocate(raw);
    if (this.#checkMemory && this.#isOutOfMemory()) {
      remove(raw);
      throw new GpuOutOfMemoryError('The context is out of memory.', { kind: 'GPU memory' });
    }
    return raw;
  }

  /** WebGL keeps one of each error until it is asked, and tells each once. */
  #isOutOfMemory(): boolean {
    let found = false;
    // A lost context may answer for ever.
    for (let rest = 8, error = this.gl.getError(); error !== 0 && rest > 0; rest--, error = this.gl.getError()) found ||= error === GL.OUT_OF_MEMORY;
    return found;
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
