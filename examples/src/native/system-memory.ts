// Memory from the system allocator, as a native library would take it: the JavaScript engine sees the pointer, a bigint, and
// nothing of the bytes behind it. Three functions of the C library, called through koffi.
import koffi from 'koffi';

export const MIB: number = 2 ** 20;

const C_LIBRARIES = ['libc.so.6', 'libc.musl-x86_64.so.1', 'libc.musl-aarch64.so.1', '/usr/lib/libSystem.B.dylib', 'msvcrt.dll'];

function loadC(): ReturnType<typeof koffi.load> {
  for (const name of C_LIBRARIES) {
    try {
      return koffi.load(name);
    } catch {
      // not this platform's: try the next
    }
  }
  throw new Error(`No C library found under any of these names: ${C_LIBRARIES.join(', ')}.`);
}

const library = loadC();
const malloc = library.func('void *malloc(size_t size)') as (bytes: number) => bigint | null;
const memset = library.func('void *memset(void *memory, int value, size_t size)') as (pointer: bigint, value: number, bytes: number) => bigint;
const free = library.func('void free(void *memory)') as (pointer: bigint) => void;

/** Takes `bytes` from the system allocator and writes to all of them, so that they are resident and not only promised. */
export function takeMemory(bytes: number): bigint {
  const pointer = malloc(bytes);
  if (pointer === null || pointer === 0n) throw new RangeError(`The system gave no ${bytes} bytes.`);
  memset(pointer, 1, bytes);
  return pointer;
}

/** Gives the block at `pointer` back to the system. */
export function giveMemoryBack(pointer: bigint): void {
  free(pointer);
}

/** Writes to the first bytes of a block: a use that needs it to be still there. */
export function touchMemory(pointer: bigint): void {
  memset(pointer, 2, 64);
}
