// Run by attributes.test.ts on a Node that has the classes: portrays the native ones and ours.
import { own } from './own.ts';
import { portrait } from './reflection.ts';
import { answer } from './talk.ts';

answer({ native: portrait(globalThis), ours: portrait(own) });
