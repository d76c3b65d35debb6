// The few elements that the charts are made of, as text.
import { styleSheet } from './palette.ts';

type Attributes = Record<string, string | number | undefined>;

/** An element with its attributes; numbers are rounded to a tenth, and what is undefined is left out. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? tenth(value) : escape(value!)}"`)
    .join('');
  return content === '' ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`;
}

/** A line of text at a place. */
export function text(x: number, y: number, content: string, attributes: Attributes = {}): string {
  return element('text', { class: 'ink', x, y, ...attributes }, escape(content));
}

/** A straight line. */
export function line(x1: number, y1: number, x2: number, y2: number, attributes: Attributes): string {
  return element('line', { x1, y1, x2, y2, ...attributes });
}

/** The path through points, without those that lie within half a pixel's height of the way between their neighbours. */
export function pathThrough(points: [number, number][]): string {
  const kept = points.filter(([, y], i) => {
    const before = points[i - 1];
    const after = points[i + 1];
    return before === undefined || after === undefined || Math.abs(y - before[1]) > 0.3 || Math.abs(after[1] - y) > 0.3;
  });
  return kept.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${tenth(x)} ${tenth(y)}`).join('');
}

/** A whole drawing, on paper of its own, with a title for those who hear it read. */
export function drawing(width: number, height: number, title: string, description: string, content: string[]): string {
  const opening = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title description">`;
  const paper = element('rect', { class: 'paper', width, height, rx: 6 });
  return [
    opening,
    `<title id="title">${escape(title)}</title>`,
    `<desc id="description">${escape(description)}</desc>`,
    `<style>${styleSheet}</style>`,
    paper,
    ...content,
    '</svg>\n',
  ].join('\n');
}

function tenth(n: number): number {
  return Math.round(n * 10) / 10;
}

function escape(raw: string | number): string {
  return String(raw).replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
