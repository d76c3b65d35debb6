/**
 * What is to be given back when the process exits: only where it was asked for, synchronously, in one 'exit' listener that is there
 * only while something is wanted of it. A process that dies by a signal runs no such listener, and none is installed for signals:
 * how a process ends is the app's to say.
 */
import { writeSync } from 'node:fs';

const wanted = new Map<object, () => void>();
// Who else may run this list: a copy of the process. It owns nothing of what stands here.
const owner = process.pid;

function runAll(): void {
  if (process.pid !== owner) return;
  for (const giveBack of wanted.values()) {
    try {
      giveBack();
    } catch (error) {
      say(`(handback) At exit: ${String(error)}\n`);
    }
  }
}

/** A warning would come too late: those are written after the turn, and there is none after this one. */
function say(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // Nobody listens.
  }
}

/** Runs `giveBack` at exit, unless `key` is forgotten before. */
export function atExit(key: object, giveBack: () => void): void {
  if (wanted.size === 0) process.on('exit', runAll);
  wanted.set(key, giveBack);
}

export function forgetAtExit(key: object): void {
  if (wanted.delete(key) && wanted.size === 0) process.off('exit', runAll);
}
