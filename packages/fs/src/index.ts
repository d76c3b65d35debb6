/** Files under the descriptor budget of the process: the shapes of `node:fs/promises`, disposable, guarded. */
export { descriptors } from './descriptors.ts';
export { open, openSync, own, readFile, type ReadFileOptions } from './open.ts';
export { OpenFile, type RangeOptions, type ReadResult, type TextOptions, type WriteResult } from './open-file.ts';
export { CachedFile, FileCache, FilePin, FileReplacedError, type FileCacheOptions, type FileCacheStats } from './cache/index.ts';
