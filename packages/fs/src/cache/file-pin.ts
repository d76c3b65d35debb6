/** Pins: what keeps a descriptor of a cache open for a user. */
import { defineResource, Handle, type OwningKind } from '@handback/core';
import type { Descriptor } from './descriptor.ts';
import type { Table } from './table.ts';

/** What a pin is on. */
export interface Pinned {
  readonly table: Table;
  readonly descriptor: Descriptor;
}

/**
 * Keeps a file of a cache open: its descriptor is not evicted until the pin is disposed, nor is any other descriptor of the same
 * file closed, since that would drop the record locks (fcntl) that the process has on it.
 *
 * *When to use*: for what belongs to one descriptor, as locks do. It takes one of the cache's descriptors for as long as it is held.
 */
export class FilePin extends Handle<Pinned> {
  /** The descriptor, on loan: the pin must outlive its use. */
  get fd(): number {
    return this.value.descriptor.fd;
  }
}

export const filePins: OwningKind<Pinned, FilePin> = defineResource({
  kind: 'file pin',
  release: ({ table, descriptor }: Pinned) => table.letGo(descriptor),
  describe: ({ descriptor }) => descriptor.entry.request.path,
  handle: FilePin,
  module: import.meta.url,
});
