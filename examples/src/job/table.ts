// A table in plain text: a caption, a head, rows; the first column to the left, numbers to the right, words to the left.
import { paint } from './progress.ts';

export interface Table {
  caption: string;
  head: string[];
  rows: string[][];
}

const NUMBER = /^[\d.,]+( \S+)?$|^–$/;

const WIDEST_CELL = 48;

/** Sets a table in columns as wide as their widest cell. */
export function formatTable({ caption, head, rows: whole }: Table): string {
  const rows = whole.map((row) => row.map((cell) => (cell.length > WIDEST_CELL ? `${cell.slice(0, WIDEST_CELL - 1)}…` : cell)));
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)));
  const isNumeric = head.map((_, column) => rows.every((row) => NUMBER.test(row[column] ?? '')));
  const set = (cells: string[]): string =>
    cells
      .map((cell, column) => (isNumeric[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('   ')
      .trimEnd();
  const rule = paint('dim', '─'.repeat(widths.reduce((sum, width) => sum + width + 3, -3)));
  return [paint('bold', caption), rule, paint('dim', set(head)), rule, ...rows.map(set), rule].join('\n');
}

const integers = new Intl.NumberFormat('en-GB');

/** 20000 → "20,000". */
export function count(n: number): string {
  return integers.format(n);
}

/** Seconds with a sensible number of places. */
export function seconds(n: number): string {
  return `${n.toFixed(n < 10 ? 2 : 1)} s`;
}
