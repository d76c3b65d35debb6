// What each part of the job hands to the end: a table, plots, remarks, and what Handback promised and did not keep.
import type { Table } from './table.ts';

export interface PartReport {
  table: Table;
  /** Lines of prose under the table. */
  remarks: string[];
  plots: { fileName: string; svg: string }[];
  /** Promises of Handback that were not kept here; empty if all went well. */
  failures: string[];
}

/** The hard limit of open descriptors in parts 1 and 2. */
export const DESCRIPTOR_LIMIT = 256;

/** More warning lines than this are no longer "one warning a site". */
export const MOST_WARNINGS = 8;

/** The leak warnings in a child's standard error, each with the lines that belong to it. */
export function leakWarnings(stderr: string[]): string[][] {
  const warnings: string[][] = [];
  let isWarning = false;
  for (const line of stderr) {
    if (line.startsWith('(')) isWarning = line.includes('ResourceLeakWarning');
    if (isWarning && line.startsWith('(')) warnings.push([line.replace(/^\(node:\d+\) /, '')]);
    else if (isWarning) warnings.at(-1)!.push(line);
  }
  return warnings;
}

/** What a child that failed said last: the first sentence of its error, without the stack around it. */
export function lastWords(stderr: string[]): string {
  const line = stderr.find((candidate) => /^(Uncaught |\[)?\w*Error\b/.test(candidate)) ?? stderr.at(-1) ?? 'silently';
  return line.replace(/^(Uncaught |\[)/, '').split(/(?<=\w)\. /)[0]!;
}
