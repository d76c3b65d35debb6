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

/** The lines among a child's standard error that warn of leaks. */
export function leakWarnings(stderr: string[]): string[] {
  return stderr.filter((line) => line.includes('ResourceLeakWarning'));
}

/** A warning without the process number that Node sets before it. */
export function withoutProcess(warning: string): string {
  return warning.replace(/^\(node:\d+\) /, '');
}

/** What a child that failed said last: its error line, without the stack around it. */
export function lastWords(stderr: string[]): string {
  return stderr.find((line) => /^(Uncaught )?\w*Error\b/.test(line)) ?? stderr.at(-1) ?? 'silently';
}
