/** Files under the descriptor budget of the process: the shapes of `node:fs/promises`, disposable, guarded. */
export { descriptors } from './descriptors.ts';
export { cp } from './copy-tree.ts';
export { countChild } from './count-child.ts';
export { countSockets, type CountSocketsOptions } from './count-sockets.ts';
export type { ExternalCount } from './external.ts';
export { lock, FileLock, type LockOptions } from './lock.ts';
export { LockCompromisedError } from './lock-hold.ts';
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
export { Directory, opendir, opendirSync, type OpendirOptions } from './directory.ts';
export { open, openAll, openSync, own, type OpenFiles, type OpenRequest } from './open.ts';
export { OpenFile, type RangeOptions, type ReadResult, type TextOptions, type WholeFileOptions, type WriteResult } from './open-file.ts';
export { access, chmod, copyFile, lstat, mkdir, readdir, readlink, realpath, rename, rm, rmdir, stat, symlink, unlink, utimes } from './pass-through.ts';
export { appendFile, readFile, readLines, writeFile, type Chunk, type ReadFileOptions, type ReadLinesOptions, type WriteFileOptions } from './whole-files.ts';
export { createReadStream, ReadStream, type ReadStreamOptions, type ReadStreamRange } from './read-stream.ts';
export { createWriteStream, WriteStream, type WriteStreamOptions, type WriteStreamRange } from './write-stream.ts';
export {
  CachedFile,
  FileCache,
  type CachedRangeOptions,
  type PinOptions,
  FilePin,
  FileReplacedError,
  type FileCacheOptions,
  type FileCacheStats,
} from './cache/index.ts';
