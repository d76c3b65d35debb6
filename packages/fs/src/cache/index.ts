/** Many logical files on few descriptors. */
export { CachedFile, type CachedRangeOptions, type PinOptions } from './cached-file.ts';
export { FileCache, type FileCacheStats } from './file-cache.ts';
export { type FileCacheOptions } from './options.ts';
export { FilePin } from './file-pin.ts';
export { FileReplacedError } from './identity.ts';
