/** What a heap of WebGL, and what it makes, is asked for. */
import type { CreateOptions, CreateSyncOptions } from '../heap/options.ts';
import type { HeapOptions } from '../heap/shares.ts';
import type { GlBuffer, GlRenderbuffer, GlTexture } from './types.ts';

/** Options of a WebGLHeap. */
export interface WebGLHeapOptions extends HeapOptions {
  /**
   * Asks `gl.getError()` after each new object whether there was memory for it. Default true. Errors of the app that it has not asked
   * for by then are lost to it; false leaves them, and does not wait for the GPU process.
   */
  checkMemory?: boolean | undefined;
  /** Asks the browser, when the context is lost, to give it back. Default true. */
  restore?: boolean | undefined;
}

export type TextureOptions = CreateOptions<GlTexture>;
export type TextureSyncOptions = CreateSyncOptions<GlTexture>;
export type RenderbufferOptions = CreateOptions<GlRenderbuffer>;
export type RenderbufferSyncOptions = CreateSyncOptions<GlRenderbuffer>;
export type BufferOptions = CreateOptions<GlBuffer>;
export type BufferSyncOptions = CreateSyncOptions<GlBuffer>;
