/**
 * What the developer is told of a leak: once a site at the first leak, then at powers of ten, and one summary at exit. Leaks are
 * gathered for the length of a sweep or a turn and reported together, so that 900 forgotten files are one warning, and the
 * children of a leaked parent are folded into their root.
 */
import { host, now, type HostProcess } from '../runtime/host.ts';
import { collectFull } from '../runtime/collector.ts';
import { shared } from '../runtime/protocol.ts';
import { emit, type LeakEvent } from './events.ts';
import { configureLeaks, leakSettings, recording, warns, type LeakOptions } from './levels.ts';
import { detailsOf, type Details, type Found, type ResourceRecord } from './record.ts';
import { frameText, type Site } from './site.ts';
import { codeOf, formatAge, formatBytes, plural } from './words.ts';

/** The warning that `process` prints and emits; its fields are those of the event. */
export class ResourceLeakWarning extends Error {
  override readonly name: string = 'ResourceLeakWarning';
  readonly code: string;
  readonly kind: string;
  readonly site: string | undefined;
  readonly count: { readonly new: number; readonly total: number };
  readonly detail: string;

  constructor(message: string, code: string, tally: { kind: string; site: Site | undefined; count: { new: number; total: number }; detail: string }) {
    super(message);
    this.code = code;
    this.kind = tally.kind;
    this.site = tally.site?.text;
    this.count = tally.count;
    this.detail = tally.detail;
  }
}

/** The leaks of one site, or, below level `trace`, where few lines are recorded, of one kind. */
interface Tally {
  readonly kind: string;
  readonly site: Site | undefined;
  /** Of a kind: how many of its leaks were seen at which recorded line. */
  readonly samples: Map<string, number>;
  total: number;
  /** Leaks that no warning has spoken of yet. */
  untold: number;
  bytes: number;
  oldestMs: number;
  next: number;
}

interface Noted {
  readonly record: ResourceRecord;
  readonly details: Details;
  /** Its label, or a description of its raw. */
  readonly name: string | undefined;
  readonly how: Found;
}

const MOST_TALLIES = 1_000;
const MOST_SAMPLES = 100;

let noted: Noted[] = [];
const tallies = new Map<string, Tally>();

/** Notes a leak; `reportLeaks` speaks of it. */
export function noteLeak(record: ResourceRecord, how: Found): void {
  const details = record.details as Details;
  // Described now: once it is released, native memory may not be looked at any more.
  const name = details.label ?? (warns() ? record.kind.describe(record.raw) : undefined);
  noted.push({ record, details, name, how });
}

/** Reports what was noted: an event and a warning a site, if one is due. */
export function reportLeaks(): void {
  const batch = noted;
  noted = [];
  const groups = new Map<Tally, Noted[]>();
  for (const leak of batch) {
    if (hasLeakedAncestor(leak.details)) continue;
    const tally = tallyOf(leak);
    const group = groups.get(tally);
    if (group === undefined) groups.set(tally, [leak]);
    else group.push(leak);
  }
  for (const [tally, group] of groups) reportGroup(tally, group);
}

function hasLeakedAncestor(details: Details): boolean {
  for (let parent = details.parent?.details; parent !== undefined; parent = parent.parent?.details) {
    if (parent.leaked !== undefined) return true;
  }
  return false;
}

function tallyOf({ record, details }: Noted): Tally {
  const { kind } = record.kind;
  // Beyond a thousand sites the kinds alone are counted: a program that leaks from everywhere must not leak tallies too.
  const bySite = recording === 2 && (tallies.size < MOST_TALLIES || tallies.has(details.site?.key ?? kind));
  const site = bySite ? details.site : undefined;
  const key = site?.key ?? kind;
  let tally = tallies.get(key);
  if (tally === undefined) {
    if (tallies.size === 0) summarizeAtExit();
    tally = { kind, site, samples: new Map(), total: 0, untold: 0, bytes: 0, oldestMs: 0, next: 1 };
    tallies.set(key, tally);
  }
  return tally;
}

function reportGroup(tally: Tally, group: readonly Noted[]): void {
  const time = now();
  for (const { details } of group) {
    tally.bytes += details.bytes;
    tally.oldestMs = Math.max(tally.oldestMs, time - details.born);
    const line = tally.site === undefined ? details.site?.text : undefined;
    if (line !== undefined && (tally.samples.has(line) || tally.samples.size < MOST_SAMPLES)) tally.samples.set(line, (tally.samples.get(line) ?? 0) + 1);
  }
  tally.total += group.length;
  tally.untold += group.length;
  const first = group[0] as Noted;
  const { level } = leakSettings;
  if (level === 'off') return;
  const { record } = first;
  const bytes = group.reduce((sum, leak) => sum + leak.details.bytes, 0);
  emit({ ...eventOf(record, 'leak', codeOf(tally.kind), first.how), bytes, count: { new: group.length, total: tally.total } });
  if (level === 'strict') failAtExit();
  if (tally.total >= tally.next && warns()) warn(tally, first);
}

function warn(tally: Tally, example: Noted): void {
  const count = { new: tally.untold, total: tally.total };
  const message = headline(tally);
  const warning = new ResourceLeakWarning(message, codeOf(tally.kind), { kind: tally.kind, site: tally.site, count, detail: detailOf(tally, example) });
  while (tally.next <= tally.total) tally.next *= 10;
  tally.untold = 0;
  print(warning);
}

interface Process extends HostProcess {
  nextTick?(callback: () => void): void;
  emit?(event: string, value: unknown): void;
  exitCode?: number | string | undefined;
}
const hostProcess = host.process as Process | undefined;

/** Warnings that `process` emits in its next tick; an exit before that would swallow them. */
const unprinted = new Set<ResourceLeakWarning>();

function print(warning: ResourceLeakWarning): void {
  if (hostProcess?.emitWarning === undefined) {
    host.console?.warn(`${warning.name} [${warning.code}]: ${warning.message}\n${warning.detail}`);
    return;
  }
  hostProcess.emitWarning(warning);
  unprinted.add(warning);
  hostProcess.nextTick?.(() => unprinted.delete(warning));
}

function headline(tally: Tally): string {
  const size = tally.bytes > 0 ? ` (${formatBytes(tally.bytes)})` : '';
  const place = tally.site === undefined ? '' : ` at ${tally.site.text}`;
  return `${plural(tally.untold, tally.kind)} leaked${size}${place}`;
}

function detailOf(tally: Tally, { details, name, how }: Noted): string {
  const lines = [`  released by the ${how}; open for ${formatAge(tally.oldestMs)} (oldest), never disposed`];
  if (name !== undefined) lines.push(`  such as   ${name}`);
  const { site } = tally;
  if (site !== undefined) {
    const [one, two] = site.frames;
    const rest = site.frames.length - (two === undefined ? 1 : 2);
    const more = [rest > 0 ? `+${rest} frames` : '', site.hidden > 0 ? `${site.hidden} of libraries hidden` : ''].filter((text) => text !== '').join(', ');
    lines.push(`  acquired  ${one === undefined ? '' : frameText(one)}${two === undefined ? '' : ` ← ${frameText(two)}`}${more === '' ? '' : `   (${more})`}`);
  }
  const samples = [...tally.samples].sort(([, a], [, b]) => b - a);
  const seen = samples.reduce((sum, [, count]) => sum + count, 0);
  for (const [line, count] of samples.slice(0, 3)) lines.push(`  sampled   ${line}, ${count} of the ${plural(seen, 'leak')} whose line was recorded`);
  if (details.touches?.[0] !== undefined) lines.push(`  last used ${details.touches[0]}`);
  if (tally.total > tally.untold) lines.push(`  same ${site === undefined ? 'kind' : 'site'} ${tally.untold} new since the last report, ${tally.total} in all`);
  lines.push(`  fix       hold it with \`using x = …\` (or \`await using\`), or stack.use(x), or call x[Symbol.dispose]()`);
  if (leakSettings.level === 'strict') lines.push('  exit      with code 1, since the level is strict');
  lines.push(`  more      ${recording === 2 ? '' : 'set HANDBACK_LEAKS=trace to see where; '}silence: --disable-warning=${codeOf(tally.kind)}`);
  return lines.join('\n');
}

let summarizing = false;

/** Level `strict` is for tests and CI, where programs are short: what no collection has met is searched for before the process ends. */
function searchOnceMore(): void {
  for (const copy of shared.copies) copy.promote();
  if (!collectFull()) return;
  for (const copy of shared.copies) copy.sweep();
}

/** Changes the settings of leak detection. */
export function configure(options: LeakOptions): void {
  configureLeaks(options);
  if (leakSettings.level === 'strict') summarizeAtExit();
}

/**
 * The one listener that is added to `process`, with the first leak (at level `strict` with the level): what no warning has spoken of
 * is summed up at exit.
 */
function summarizeAtExit(): void {
  if (summarizing) return;
  summarizing = true;
  hostProcess?.on?.('exit', () => {
    if (leakSettings.level === 'strict') searchOnceMore();
    reportLeaks();
    // emitWarning would print in a later tick, and there is none; the event itself is what it would emit.
    for (const warning of unprinted) hostProcess.emit?.('warning', warning);
    const untold = [...tallies.values()].filter((tally) => tally.untold > 0 && tally.total > tally.untold);
    if (untold.length === 0 || !warns()) return;
    const lines = untold.slice(0, 10).map((tally) => `  ${plural(tally.total, tally.kind)} in all${tally.site === undefined ? '' : ` at ${tally.site.text}`}`);
    if (untold.length > 10) lines.push(`  and ${untold.length - 10} more sites`);
    const total = untold.reduce((sum, tally) => sum + tally.untold, 0);
    const warning = new ResourceLeakWarning(`${total} more leaked since the last report`, 'HANDBACK_LEAKS', {
      kind: 'summary',
      site: undefined,
      count: { new: total, total },
      detail: lines.join('\n'),
    });
    hostProcess.emit?.('warning', warning);
  });
}

/** At level `strict` a leak is a failure: the process says so in its exit code, unless the app has chosen one. */
function failAtExit(): void {
  if (hostProcess !== undefined && (hostProcess.exitCode === undefined || hostProcess.exitCode === 0)) hostProcess.exitCode = 1;
}

/** What is told of one resource, as plain data. */
export function eventOf(record: ResourceRecord, event: LeakEvent['event'], code: string, how: LeakEvent['how'], error?: unknown): LeakEvent {
  const details = detailsOf(record);
  const { site } = details;
  return {
    v: 1,
    event,
    kind: record.kind.kind,
    code,
    id: details.id,
    label: details.label,
    site: site && { key: site.key, frames: site.frames },
    touches: details.touches && [...details.touches],
    disposedAt: details.disposedAt,
    bytes: details.bytes,
    ageMs: now() - details.born,
    count: { new: 1, total: 1 },
    how,
    level: leakSettings.level,
    parentId: details.parent?.details?.id,
    pid: hostProcess?.pid,
    error,
  };
}

if (leakSettings.level === 'strict') summarizeAtExit();
