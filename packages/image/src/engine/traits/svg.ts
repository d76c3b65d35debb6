/** Counts what an SVG may need besides the surface that it is drawn on. */
import type { Peek } from '../peek.ts';

/** A compressed SVG is looked at up to so many bytes of text. */
const MOST_TEXT = 32 * 2 ** 20;
/** What is drawn on a surface of its own and laid over the rest then: each as large as the whole, for as long as what it has within. */
const EFFECTS = /(?<![\w-])(?:filter|opacity|mask|clip-path|mix-blend-mode|isolation)\s*[=:]/g;
/** Of one effect: what it reads, what it makes, and what it is laid on, while colours are converted. Each step of a filter makes one more. */
const SURFACES_OF_ONE = 5;
const STEPS = /<fe[A-Z]/g;
const EMBEDDED = /data:\s*image\/[\w.+-]+\s*(?:;[^,;]*)*;\s*base64\s*,([A-Za-z0-9+/=\s]*)/gi;
/** Ways to write a reference so that it is not found above. */
const HIDDEN = /<!ENTITY[^>]*(?:&|data:|<)|href\s*=\s*["'][^"']{0,64}&/i;

/** What there is in a text. */
export interface Drawing {
  readonly layers: number;
  /** Images within, as files. */
  readonly embedded: readonly Buffer[];
  /** True where it cannot be told what is within. */
  readonly hidden: boolean;
}

export async function drawingOf(peek: Peek): Promise<Drawing> {
  const text = await textOf(peek);
  const effects = text.match(EFFECTS)?.length ?? 0;
  const steps = text.match(STEPS)?.length ?? 0;
  const layers = effects === 0 ? 1 : SURFACES_OF_ONE + steps + 2 * Math.min(effects - 1, depthOf(text));
  const embedded = [...text.matchAll(EMBEDDED)].map(([, base64 = '']) => Buffer.from(base64, 'base64'));
  return { layers, embedded, hidden: HIDDEN.test(text) };
}

async function textOf(peek: Peek): Promise<string> {
  const bytes = await peek.read(0, peek.size);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString('latin1');
  const { gunzipSync } = await import('node:zlib');
  return gunzipSync(bytes, { maxOutputLength: MOST_TEXT }).toString('latin1');
}

/** The most elements within each other. */
function depthOf(text: string): number {
  let depth = 0;
  let most = 0;
  for (const [tag] of text.matchAll(/<[/A-Za-z][^<>]*>/g)) {
    if (tag.startsWith('</')) depth--;
    else if (!tag.endsWith('/>')) most = Math.max(most, ++depth);
  }
  return most;
}
