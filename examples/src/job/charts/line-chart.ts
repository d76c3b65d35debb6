// Lines over time, in panels under each other that share the axis of time. Each line bears its name at its end, so no key is needed.
// A panel of one line is a strip: low, filled below the line, for comparing like with like.
import type { Colour } from './palette.ts';
import { evenScale, exactScale, spread, type Scale } from './scale.ts';
import { drawing, element, line, pathThrough, text } from './svg.ts';

export interface Series {
  name: string;
  /** A second, softer line under the name. */
  note?: string | undefined;
  colour: Colour;
  dashed?: boolean | undefined;
  points: [x: number, y: number][];
  /** The height that the name belongs to, where that is not the last point's. */
  nameAt?: number | undefined;
}

export interface Panel {
  title?: string | undefined;
  yLabel?: string | undefined;
  height: number;
  series: Series[];
  /** Where the axis of values ends, and what lies between two of its ticks. */
  yEnd: number;
  yStep: number;
  /** Level lines to compare with. */
  levels?: { value: number; name?: string | undefined }[] | undefined;
}

export interface LineChart {
  title: string;
  subtitle: string;
  xLabel: string;
  panels: Panel[];
}

const WIDTH = 920;
const LEFT = 70;
const RIGHT = 222;
const TOP = 78;
const TITLE = 34; // above a panel that has a title
const BETWEEN = 22;
const NAME_GAP = 34;

/** Draws the chart as an SVG document. */
export function lineChart({ title, subtitle, xLabel, panels }: LineChart): string {
  const longest = Math.max(...panels.flatMap((panel) => panel.series.flatMap(({ points }) => points.map(([x]) => x))));
  const x = exactScale(longest, LEFT, WIDTH - RIGHT, 10);
  const content = [text(24, 36, title, { class: 'ink title' }), text(24, 58, subtitle, { class: 'soft' })];
  let bottom = TOP - BETWEEN;
  for (const panel of panels) {
    const top = bottom + BETWEEN + (panel.title === undefined ? 0 : TITLE);
    bottom = top + panel.height;
    content.push(drawPanel(panel, x, top));
  }
  content.push(
    ...x.ticks.map((tick) => text(x(tick), bottom + 20, String(tick), { class: 'soft small', 'text-anchor': 'middle' })),
    text((LEFT + WIDTH - RIGHT) / 2, bottom + 42, xLabel, { class: 'soft', 'text-anchor': 'middle' }),
  );
  const names = panels[0]!.series.map(({ name, note }) => `${name}: ${note ?? ''}`).join('; ');
  return drawing(WIDTH, bottom + 60, title, `${subtitle}. ${names}.`, content);
}

function drawPanel(panel: Panel, x: Scale, top: number): string {
  const bottom = top + panel.height;
  const y = evenScale(panel.yEnd, bottom, top, panel.yStep);
  const middle = (top + bottom) / 2;
  const isStrip = panel.series.length === 1;
  return [
    panel.title === undefined ? '' : text(LEFT, top - 12, panel.title, { class: 'ink panel' }),
    ...y.ticks.slice(1).map((tick) => line(LEFT, y(tick), WIDTH - RIGHT, y(tick), { class: 'grid' })),
    ...y.ticks.map((tick) => text(LEFT - 9, y(tick) + 4.5, String(tick), { class: 'soft small', 'text-anchor': 'end' })),
    panel.yLabel === undefined ? '' : text(20, middle, panel.yLabel, { class: 'soft', 'text-anchor': 'middle', transform: `rotate(-90 20 ${middle})` }),
    ...(panel.levels ?? []).map(({ value, name }) => drawLevel(value, name, y)),
    ...panel.series.map((series) => drawLine(series, x, y, isStrip)),
    line(LEFT, bottom, WIDTH - RIGHT, bottom, { class: 'axis' }),
    ...x.ticks.map((tick) => line(x(tick), bottom, x(tick), bottom + 4, { class: 'axis' })),
    ...drawNames(panel.series, y, top, bottom),
  ].join('\n');
}

function drawLevel(value: number, name: string | undefined, y: Scale): string {
  return [
    line(LEFT, y(value), WIDTH - RIGHT, y(value), { class: 'level' }),
    name === undefined ? '' : text(WIDTH - RIGHT - 4, y(value) - 5, name, { class: 'soft small', 'text-anchor': 'end' }),
  ].join('');
}

function drawLine({ points, colour, dashed }: Series, x: Scale, y: Scale, isFilled: boolean): string {
  const path = pathThrough(points.map(([time, value]): [number, number] => [x(time), y(Math.max(0, value))]));
  const area = `${path}L${x(points.at(-1)?.[0] ?? 0).toFixed(1)} ${y(0)}L${x(points[0]?.[0] ?? 0).toFixed(1)} ${y(0)}Z`;
  return [
    isFilled ? element('path', { class: `fill-${colour}`, 'fill-opacity': 0.16, d: area }) : '',
    element('path', { class: `line line-${colour}`, 'stroke-dasharray': dashed ? '5 3' : undefined, d: path }),
  ].join('');
}

/** Names at the right, at the height of their lines' ends, moved apart where those are close together. */
function drawNames(series: Series[], y: Scale, top: number, bottom: number): string[] {
  const left = WIDTH - RIGHT + 14;
  const wanted = series.map(({ points, nameAt }) => y(nameAt ?? points.at(-1)?.[1] ?? 0));
  const places = series.length === 1 ? [(top + bottom) / 2 - 8] : spread(wanted, NAME_GAP, top, bottom - 16);
  return series.map(({ name, note, colour, dashed }, i) => {
    const place = places[i]!;
    return [
      line(left, place, left + 18, place, { class: `line line-${colour}`, 'stroke-dasharray': dashed ? '5 3' : undefined }),
      text(left + 25, place + 4.5, name),
      note === undefined ? '' : text(left + 25, place + 20, note, { class: 'soft small' }),
    ].join('');
  });
}
