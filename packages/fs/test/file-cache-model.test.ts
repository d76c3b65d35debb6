// A cache against its model, in random programs of all that can be done to it within a call and awaited: each answer, and each count.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { descriptors, FileCache, type CachedFile, type FilePin } from '@handback/fs';
import { afterAll, beforeAll, expect, test } from 'vitest';

const NAMES = 5;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'handback-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

type Step =
  | { readonly do: 'open'; readonly name: number }
  | { readonly do: 'replace'; readonly name: number }
  | { readonly do: 'read' | 'readSync' | 'write'; readonly file: number }
  | { readonly do: 'pin' | 'dispose'; readonly file: number }
  | { readonly do: 'unpin'; readonly pin: number }
  | { readonly do: 'evict'; readonly most: number };

const some = fc.nat({ max: 30 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('open' as const), name: fc.nat({ max: NAMES - 1 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('replace' as const), name: fc.nat({ max: NAMES - 1 }) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('read' as const, 'readSync' as const, 'write' as const), file: some }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('pin' as const, 'dispose' as const), file: some }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('unpin' as const), pin: some }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('evict' as const), most: fc.nat({ max: 3 }) }) },
);

/** A file as it lies on the disk: a new one each time the path is replaced. */
interface Content {
  text: string;
}

/** One file of the cache: what it is of, and how many hold and pin it. */
interface ModelEntry {
  readonly name: number;
  readonly first: Content;
  /** What its descriptor is of, while it is open. */
  open: Content | undefined;
  users: number;
  pins: number;
}

class Model {
  readonly disk: Content[] = [];
  entries: ModelEntry[] = [];
  /** Open ones, least recently used first. */
  used: ModelEntry[] = [];
  readonly capacity: number;
  readonly follows: boolean;

  constructor(capacity: number, follows: boolean) {
    this.capacity = capacity;
    this.follows = follows;
  }

  join(name: number): ModelEntry {
    const now = this.disk[name] as Content;
    let entry = this.entries.find((each) => each.name === name && (this.follows || each.first === now));
    if (entry === undefined) this.entries.push((entry = { name, first: now, open: undefined, users: 0, pins: 0 }));
    entry.users++;
    return entry;
  }

  /** The file that an operation meets, or the code of its error. */
  meet(entry: ModelEntry): Content | string {
    if (entry.open === undefined) {
      if (this.used.length === this.capacity && this.evict(1) === 0) return 'ERR_BUDGET_EXCEEDED';
      const now = this.disk[entry.name] as Content;
      if (!this.follows && now !== entry.first) return 'ERR_FILE_REPLACED';
      entry.open = now;
    }
    this.touch(entry);
    return entry.open;
  }

  touch(entry: ModelEntry): void {
    this.used = [...this.used.filter((each) => each !== entry), entry];
  }

  evict(most: number): number {
    // A pin keeps every descriptor of its inode: here that is its entry alone, all are opened by the same path and flags.
    const gone = this.used.filter(({ pins }) => pins === 0).slice(0, most);
    for (const entry of gone) this.close(entry);
    return gone.length;
  }

  close(entry: ModelEntry): void {
    entry.open = undefined;
    this.used = this.used.filter((each) => each !== entry);
  }

  leave(entry: ModelEntry): void {
    if (--entry.users > 0) return;
    this.entries = this.entries.filter((each) => each !== entry);
    if (entry.pins === 0) this.close(entry);
  }

  unpin(entry: ModelEntry): void {
    if (--entry.pins > 0) return;
    if (entry.users === 0) this.close(entry);
    else this.touch(entry);
  }
}

let made = 0;
function write(name: number): Content {
  const content = { text: String(made++).padStart(8) };
  const aside = join(folder, `aside ${made}`);
  writeFileSync(aside, content.text);
  renameSync(aside, join(folder, String(name)));
  return content;
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code ?? error);
}

async function run(program: readonly Step[], capacity: number, follows: boolean): Promise<void> {
  const model = new Model(capacity, follows);
  for (let name = 0; name < NAMES; name++) model.disk.push(write(name));
  const cache = new FileCache({ capacity, onReplaced: follows ? 'follow' : 'error' });
  const files: { readonly file: CachedFile; readonly entry: ModelEntry }[] = [];
  const pins: { readonly pin: FilePin; readonly entry: ModelEntry }[] = [];
  const buffer = Buffer.alloc(8);
  for (const step of program) {
    if (step.do === 'open') {
      files.push({ file: cache.open(join(folder, String(step.name)), 'r+'), entry: model.join(step.name) });
    } else if (step.do === 'replace') {
      model.disk[step.name] = write(step.name);
    } else if (step.do === 'evict') {
      expect(cache.evict(step.most)).toBe(model.evict(step.most));
    } else if (step.do === 'unpin') {
      const [taken] = pins.splice(step.pin % Math.max(1, pins.length), 1);
      if (taken === undefined) continue;
      taken.pin.dispose();
      model.unpin(taken.entry);
    } else {
      const at = step.file % Math.max(1, files.length);
      const one = files[at];
      if (one === undefined) continue;
      const { file, entry } = one;
      if (step.do === 'dispose') {
        file.dispose();
        model.leave(entry);
        files.splice(at, 1);
      } else {
        // Asked to wait while all are pinned, it would wait for this program's own next step: within the call it says so.
        const stuck = entry.open === undefined && model.used.length === capacity && model.used.every(({ pins: count }) => count > 0);
        const met = model.meet(entry);
        const text = String(made++).padStart(8);
        const answer = await (async () => {
          if (step.do === 'pin') pins.push({ pin: file.pinSync(), entry });
          else if (step.do === 'write') file.writeSync(text, { position: 0 });
          else if (step.do === 'read' && !stuck) return (await file.read(buffer, 0, 8, 0)).buffer.toString();
          else {
            file.readSync(buffer, 0, 8, 0);
            return buffer.toString();
          }
          return undefined;
        })().catch(codeOf);
        if (typeof met === 'string') expect(answer).toBe(met);
        else if (step.do === 'pin') entry.pins++;
        else if (step.do === 'write') met.text = text;
        else expect(answer).toBe(met.text);
      }
    }
    const { open, idle, files: held, opening, peak } = cache.stats();
    const modelled = { open: model.used.length, idle: model.used.filter(({ pins: count }) => count === 0).length, held: files.length, opening: 0 };
    expect({ open, idle, held, opening }).toEqual(modelled);
    expect(peak).toBeLessThanOrEqual(capacity);
    expect(descriptors.stats().used).toBe(open);
  }
  cache.dispose();
  for (const { pin } of pins) pin.dispose();
  for (const { file } of files) file.dispose();
  await cache.disposeAsync();
  expect(descriptors.stats().used).toBe(0);
}

test('any program of opens, reads, writes, replacements, pins, evictions and disposals answers as modelled', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), fc.boolean(), (program, capacity, follows) =>
      run(program, capacity, follows),
    ),
    { numRuns: 300 },
  );
});
