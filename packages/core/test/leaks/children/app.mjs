// An app that is bundled together with the package: its lines and the package's are in one file.
import { defineResource, leaks } from '@handback/core';

leaks.configure({ level: 'trace', warn: false });
const files = defineResource({ kind: 'bundled file', openSync: () => 1, release: () => {} });

function openBundled() {
  return files.acquireSync();
}

const file = openBundled();
export const site = leaks.live().find(({ kind }) => kind === 'bundled file').site;
file.dispose();
