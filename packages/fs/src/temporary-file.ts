/** Temporary files without a name: nothing has to be removed, by whatever way the process ends. */
import { constants, unlinkSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AcquireOptions } from '@handback/core';
import { whileOpening } from './descriptors.ts';
import { files } from './files.ts';
import type { OpenFile } from './open-file.ts';
import { requestOf } from './request.ts';

/** How a temporary file is opened. */
export interface TemporaryFileOptions extends AcquireOptions {
  /** On the file system of this directory; default: the system's directory for temporary files. */
  directory?: string | undefined;
}

/** Linux's O_TMPFILE, a directory opened for an unnamed file in it; Node does not name it. So on x86, ARM, RISC-V and s390. */
const UNNAMED = 0o20_200_000;

/** What says that the file system, or the kernel, has no unnamed files. */
const CANNOT: ReadonlySet<unknown> = new Set(['EOPNOTSUPP', 'ENOTSUP', 'EISDIR', 'EINVAL', 'ENOENT']);

/**
 * Opens an empty file for reading and writing that has no name: its bytes are gone when it is closed, also where the process is
 * killed. Only its owner may read it. Rejects as `open` does.
 */
export async function temporaryFile(options: TemporaryFileOptions = {}): Promise<OpenFile> {
  const { directory = tmpdir(), ...acquiring } = options;
  if (process.platform === 'linux') {
    try {
      return await whileOpening(files.acquire(requestOf(directory, constants.O_RDWR | UNNAMED, 0o600), acquiring));
    } catch (error) {
      if (!CANNOT.has((error as NodeJS.ErrnoException).code)) throw error;
    }
  }
  const path = join(directory, `handback-${randomUUID()}`);
  const file = await whileOpening(files.acquire(requestOf(path, 'wx+', 0o600), acquiring));
  try {
    unlinkSync(path);
    return file;
  } catch (error) {
    file.dispose();
    throw error;
  }
}
