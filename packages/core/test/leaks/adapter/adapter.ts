// Stands for an adapter: a package in a folder of its own, whose lines are nobody's but its author's.
import { defineResource, type Handle } from '@handback/core';

const kind = defineResource({ kind: 'adapted', openSync: () => 1, release: () => {}, module: import.meta.url });

export function openThere(): Handle<number> {
  return openDeeper();
}

function openDeeper(): Handle<number> {
  return kind.acquireSync();
}

export function openThrough<R>(callback: () => R): R {
  return callback();
}
