/** What a cache opens: a file by path and flags, and the one descriptor that stands for it while it is open. */
import { closeSync, openSync, type Mode } from 'node:fs';
import { defineResource, type Budget, type Handle, type SyncResourceKind } from '@handback/core';
import { isExhausted } from '../descriptors.ts';
import { openInPool } from '../files.ts';
import type { Identity } from './identity.ts';

export interface DescriptorRequest {
  readonly path: string;
  readonly flags: number;
  readonly mode: Mode | undefined;
  /** The budget of the cache, a child of `descriptors`: one permit is paid by both. */
  readonly slots: Budget;
  readonly inPool: boolean;
}

/** The descriptors of caches. They are plain numbers for the same reason as those of `file`. */
export const cachedDescriptors: SyncResourceKind<number, DescriptorRequest, Handle<number>> = defineResource({
  kind: 'descriptor',
  open: (request: DescriptorRequest, context) => (request.inPool ? openInPool({ ...request, from: undefined }, context) : openNow(request)),
  openSync: openNow,
  release: (fd: number) => closeSync(fd),
  cost: ({ slots }: DescriptorRequest) => ({ budget: slots, amount: 1 }),
  describe: (fd) => `fd ${fd}`,
  isExhausted,
  module: import.meta.url,
});

function openNow({ path, flags, mode }: DescriptorRequest): number {
  return openSync(path, flags, mode);
}

/** A descriptor that a cache has open. */
export class Descriptor {
  readonly entry: Entry;
  readonly handle: Handle<number>;
  readonly fd: number;
  readonly identity: Identity;
  /** Operations that run on it, and pins: while there are any, it is not closed. */
  pins: number;
  /** Of these, the ones that a user holds. */
  held = 0;
  /** Nothing was read through it yet. */
  fresh = true;
  /** No new operation begins on it: it is closed after the last one. */
  retired = false;
  /** Its place among the idle. */
  before: Descriptor | undefined = undefined;
  after: Descriptor | undefined = undefined;

  constructor(entry: Entry, handle: Handle<number>, identity: Identity, pins: number) {
    this.entry = entry;
    this.handle = handle;
    this.fd = handle.value;
    this.identity = identity;
    this.pins = pins;
  }
}

/** An opening under way, shared by all who need the file: each has a pin on what comes. */
interface Opening {
  readonly promise: Promise<Descriptor>;
  followers: number;
}

/** One file of a cache, open or not. All cached files of the same path, flags and identity share it. */
export class Entry {
  readonly key: string;
  readonly request: DescriptorRequest;
  /** The file that it has to be; undefined where the cache follows whatever stands at the path. */
  readonly expected: Identity | undefined;
  /** Cached files on it. */
  users = 0;
  descriptor: Descriptor | undefined = undefined;
  opening: Opening | undefined = undefined;
  /** What a close threw, when nobody had asked for it: the next operation on the file says so. */
  failure: { readonly error: unknown } | undefined = undefined;

  constructor(key: string, request: DescriptorRequest, expected: Identity | undefined) {
    this.key = key;
    this.request = request;
    this.expected = expected;
  }
}
