/** Files under the descriptor budget of the process: the shapes of `node:fs/promises`, disposable, guarded. */
export { descriptors } from './descriptors.ts';
export { Directory, opendir, opendirSync, type OpendirOptions } from './directory.ts';
export { open, openAll, openSync, own, type OpenRequest } from './open.ts';
export { OpenFile, type RangeOptions, type ReadResult, type TextOptions, type WriteResult } from './open-file.ts';
export { access, chmod, copyFile, cp, lstat, mkdir, readdir, readlink, realpath, rename, rm, rmdir, stat, symlink, unlink, utimes } from './pass-through.ts';
export { appendFile, readFile, readLines, writeFile, type Chunk, type ReadFileOptions, type ReadLinesOptions, type WriteFileOptions } from './whole-files.ts';
export { createReadStream, ReadStream, type ReadStreamOptions, type ReadStreamRange } from './read-stream.ts';
export { createWriteStream, WriteStream, type WriteStreamOptions, type WriteStreamRange } from './write-stream.ts';
