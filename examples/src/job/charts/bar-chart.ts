// Bars to the right, one a row, each of so many out of as many: the name at the left, what came of it at the bar's end.
import type { Colour } from './palette.ts';
import { exactScale } from './scale.ts';
import { drawing, element, line, text } from './svg.ts';

export interface Bar {
  name: string;
  note?: string | undefined;
  colour: Colour;
  value: number;
  /** What stands at the end of the bar. */
  label: string;
}

export interface BarChart {
  title: string;
  subtitle: string;
  xLabel: string;
  /** What a full bar stands for. */
  total: number;
  bars: Bar[];
}

const WIDTH = 920;
const LEFT = 236;
const RIGHT = 40;
const TOP = 84;
const ROW = 46;
const THICK = 20;
const numbers = new Intl.NumberFormat('en-GB');

/** Draws the chart as an SVG document. */
export function barChart({ title, subtitle, xLabel, total, bars }: BarChart): string {
  const bottom = TOP + bars.length * ROW;
  const x = exactScale(total, LEFT, WIDTH - RIGHT, 5);
  const content = [
    text(24, 36, title, { class: 'ink title' }),
    text(24, 58, subtitle, { class: 'soft' }),
    ...x.ticks.map((tick) => line(x(tick), TOP, x(tick), bottom, { class: tick === 0 ? 'axis' : 'grid' })),
    ...x.ticks.map((tick) => text(x(tick), bottom + 18, numbers.format(tick), { class: 'soft small', 'text-anchor': 'middle' })),
    text((LEFT + WIDTH - RIGHT) / 2, bottom + 40, xLabel, { class: 'soft', 'text-anchor': 'middle' }),
    ...bars.map((bar, i) => drawBar(bar, x, TOP + (i + 0.5) * ROW, total)),
  ];
  const description = `${subtitle}. ${bars.map(({ name, label }) => `${name}: ${label}`).join('; ')}.`;
  return drawing(WIDTH, bottom + 56, title, description, content);
}

function drawBar({ name, note, colour, value, label }: Bar, x: (value: number) => number, middle: number, total: number): string {
  const isLong = value > total / 2;
  const end = x(value);
  return [
    text(LEFT - 12, middle + (note === undefined ? 4.5 : -1.5), name, { 'text-anchor': 'end' }),
    note === undefined ? '' : text(LEFT - 12, middle + 13.5, note, { class: 'soft small', 'text-anchor': 'end' }),
    element('rect', { class: `fill-${colour}`, x: LEFT, y: middle - THICK / 2, width: Math.max(2, end - LEFT), height: THICK, rx: 2 }),
    isLong
      ? text(end - 10, middle + 4.5, label, { class: 'paper', 'text-anchor': 'end', 'font-weight': 600 })
      : text(end + 8, middle + 4.5, label, { 'font-weight': 600 }),
  ].join('');
}
