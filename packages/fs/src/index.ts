/** Files under the descriptor budget of the process: the shapes of `node:fs/promises`, disposable, guarded. */
export { descriptors } from './descriptors.ts';
export { countChild } from './count-child.ts';
export { countSockets } from './count-sockets.ts';
export type { ExternalCount } from './external.ts';
export { lock, FileLock, type LockOptions } from './lock.ts';
export { LockCompromisedError } from './lock-hold.ts';
export { open, openSync, own, readFile, type ReadFileOptions } from './open.ts';
export { OpenFile, type RangeOptions, type ReadResult, type TextOptions, type WriteResult } from './open-file.ts';
export {
  mkdtempDisposable,
  mkdtempDisposableSync,
  TemporaryDirectory,
  TemporaryDirectorySync,
  type MadeDirectory,
  type TemporaryDirectoryOptions,
} from './temporary-directory.ts';
export { temporaryFile, type TemporaryFileOptions } from './temporary-file.ts';
export { watch, Watcher, type WatchEvent, type Watching, type WatchOptions } from './watch.ts';
