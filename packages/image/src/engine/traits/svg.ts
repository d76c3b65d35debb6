/** Counts what an SVG may need besides the surface that it is drawn on. */
import type { Peek } from '../peek.ts';

/** A compressed SVG is looked at up to so many bytes of text. */
const MOST_TEXT = 32 * 2 ** 20;
/** What is drawn on a surface of its own and laid over the rest then: each as large as the whole, for as long as what it has within. */
const EFFECTS = /(?<![\w-])(?:filter|opacity|mask|clip-path|mix-blend-mode|isolation)\s*[=:]/g;
/** Of one effect: what it reads, what it makes, and what it is laid on, while colours are converted. Each step of a filter makes one more. */
const SURFACES_OF_ONE = 6;
const STEPS = /<fe[A-Z]/g;
const TAGS = /<[/A-Za-z][^<>]*>/g;
/** Effects that come to elements by rules, or by names that are not written as they are read. */
const BY_RULES = /<style|\\|style\s*=\s*["'][^"']*&/i;
const EMBEDDED = /data:([^,"'<>()]*),([^"'<>()]*)/gi;
/** References that are not written as they are read, so that what they bring is not found. */
const HIDDEN = /<!ENTITY[^>]*(?:&|data:|<)|href\s*=\s*["'][^"']{0,64}&|<\?xml[^>]*encoding\s*=\s*["'](?!utf-?8|us-ascii|iso-8859-|windows-125)/i;

/** What there is in a text. */
interface Drawing {
  readonly layers: number;
  /** Images within, as files. */
  readonly embedded: readonly Buffer[];
  /** True where it cannot be told what is within. */
  readonly hidden: boolean;
}

export async function drawingOf(peek: Peek): Promise<Drawing> {
  const text = await textOf(peek);
  const embedded = [...text.matchAll(EMBEDDED)].map(([, type = '', data = '']) => fileOf(type, data));
  return { layers: layersOf(text), embedded, hidden: HIDDEN.test(text) };
}

function layersOf(text: string): number {
  const byRules = BY_RULES.test(text);
  const effects = text.match(EFFECTS)?.length ?? 0;
  if (effects === 0 && !text.includes('\\') && !/style\s*=\s*["'][^"']*&/i.test(text)) return 1;
  const tags = [...text.matchAll(TAGS)].map(([tag]) => tag);
  // What is used elsewhere is within that: there may be as many levels as elements.
  const levels = text.includes('<use') ? tags.length : depthOf(tags);
  const steps = text.match(STEPS)?.length ?? 0;
  return SURFACES_OF_ONE + steps + (byRules ? levels : Math.min(effects - 1, levels));
}

/** The most elements within each other. */
function depthOf(tags: readonly string[]): number {
  let depth = 0;
  let most = 0;
  for (const tag of tags) {
    if (tag.startsWith('</')) depth--;
    else if (!tag.endsWith('/>')) most = Math.max(most, ++depth);
  }
  return most;
}

async function textOf(peek: Peek): Promise<string> {
  const bytes = await peek.read(0, peek.size);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString('latin1');
  const { gunzipSync } = await import('node:zlib');
  return gunzipSync(bytes, { maxOutputLength: MOST_TEXT }).toString('latin1');
}

function fileOf(type: string, data: string): Buffer {
  const plain = data.replace(/%([\da-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return Buffer.from(plain, /;\s*base64/i.test(type) ? 'base64' : 'latin1');
}
