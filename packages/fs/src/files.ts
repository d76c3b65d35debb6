/** The kind `file`: plain descriptors, opened and closed by ourselves. */
import { closeSync, open as openCallback, openSync as openNow } from 'node:fs';
import { defineResource, type OpenContext, type SyncResourceKind } from '@handback/core';
import { countOpening, descriptors, glance, isExhausted } from './descriptors.ts';
import { OpenFile } from './open-file.ts';
import { pathNow, type FileRequest } from './request.ts';

/**
 * It owns the number, not a FileHandle: a FileHandle that is forgotten is closed inside a collection (on Node 26 with an uncaught
 * error that ends the process), and one whose number was closed raw closes somebody else's file later. One owner for each number.
 */
export const files: SyncResourceKind<number, FileRequest, OpenFile> = defineResource({
  kind: 'file',
  open: openInPool,
  openSync: (request: FileRequest) => openNow(pathNow(request), request.flags, request.mode),
  release: (fd: number) => closeSync(fd),
  cost: () => {
    glance();
    return { budget: descriptors, amount: 1 };
  },
  measure: () => ({ budget: descriptors, amount: 1 }),
  describe: (fd) => `fd ${fd}`,
  isExhausted,
  handle: OpenFile,
  module: import.meta.url,
});

/** Opens in the thread pool. The system's call cannot be taken back: after an abort the number that still comes is closed. */
export function openInPool(request: FileRequest, context: OpenContext): Promise<number> {
  return new Promise((resolve, reject) => {
    const late = mayComeLate(context);
    openCallback(pathNow(request), request.flags, request.mode, (error, fd) => {
      countOpening(-late);
      if (error === null) resolve(fd);
      else reject(withStack(error));
    });
    countOpening(late);
  });
}

/** Where its caller may go before it has come, an opening counts by itself: the acquire is over by then. */
export function mayComeLate({ signal }: OpenContext): 0 | 1 {
  return signal === undefined ? 0 : 1;
}

/** Errors of callbacks come without a stack: the message alone says little in a log. */
export function withStack(error: Error): Error {
  if (error.stack === `${error.name}: ${error.message}`) Error.captureStackTrace?.(error, withStack);
  return error;
}
