/**
 * What a heap needs of whatever has the memory. A device of WebGPU is a platform as it is, and its textures and buffers are raws; a
 * context of WebGL is made into one.
 */

export interface Platform {
  /** As the error scopes of WebGPU: what it makes may be told to be invalid later. A platform that throws at once has none to tell. */
  pushErrorScope(filter: string): void;
  popErrorScope(): Promise<{ readonly message: string } | null>;
}

/** What stands for a piece of memory. */
export interface RawShape {
  label: string;
  destroy(): void;
}

/** What knows how far the platform has come. */
export interface WorkQueue {
  /** Resolves when all that it was given before is done. */
  onSubmittedWorkDone(): Promise<unknown>;
}
