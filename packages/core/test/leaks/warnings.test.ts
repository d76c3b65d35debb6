// What a process is told of its leaks: once a site, then at powers of ten, and a summary at exit; in words that name the line and the
// remedy.
import { expect, it } from 'vitest';
import { type Conditions, majors, type Outcome, run } from './child.ts';

const warnings = (scenario: string, conditions?: Conditions): Outcome => run('warnings', scenario, conditions);
const line = (name: string): string => String.raw`\S*children/warnings\.mjs:\d+:\d+ \(${name}\)`;
const first = (text: string): string => text.split('\n')[0] as string;

it.each(majors)('warns at the first leak of a site, at the tenth and the hundredth, and sums up at exit (Node %i)', (major) => {
  const { status, warnings: told } = warnings('one', { major, values: [112] });
  expect(status).toBe(0);
  expect(told.map((text) => first(text).replace(/ at .*/, ''))).toEqual([
    '[HANDBACK_LEAK_FILE] ResourceLeakWarning: 1 file leaked',
    '[HANDBACK_LEAK_FILE] ResourceLeakWarning: 9 files leaked',
    '[HANDBACK_LEAK_FILE] ResourceLeakWarning: 90 files leaked',
    '[HANDBACK_LEAKS] ResourceLeakWarning: 12 more leaked since the last report',
  ]);
  expect(told[1]).toMatch(/same site 9 new since the last report, 10 in all/);
  expect(told[3]).toMatch(new RegExp(`\\n  112 files in all at ${line('openReport')}$`));
});

it('says in one warning what was found together: the line, the age, an example, the remedy, and how to be silent', () => {
  const { warnings: told } = warnings('together', { values: [900] });
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(
    new RegExp(
      [
        String.raw`^\[HANDBACK_LEAK_FILE\] ResourceLeakWarning: 900 files leaked at ${line('openReport')}`,
        String.raw`  released by the (?:sweep|finalizer); open for \d+(?:\.\d)? m?s \(oldest\), never disposed`,
        '  such as   q3.csv',
        String.raw`  acquired  ${line('openReport')} ← ${line('Object.together')}(?:   \(.*\))?`,
        String.raw`  fix       hold it with \`using x = …\` \(or \`await using\`\), or stack\.use\(x\), or call x\[Symbol\.dispose\]\(\)`,
        '  more      silence: --disable-warning=HANDBACK_LEAK_FILE$',
      ].join('\n'),
    ),
  );
});

it('warns of each site and each kind by itself, with the bytes that were lost', () => {
  const { warnings: told } = warnings('sites');
  expect(told).toHaveLength(3);
  expect(told.map(first).sort()).toEqual([
    expect.stringMatching(new RegExp(`^\\[HANDBACK_LEAK_FILE\\] ResourceLeakWarning: 1 file leaked at ${line('openOther')}$`)),
    expect.stringMatching(new RegExp(`^\\[HANDBACK_LEAK_FILE\\] ResourceLeakWarning: 2 files leaked at ${line('openReport')}$`)),
    expect.stringMatching(new RegExp(`^\\[HANDBACK_LEAK_IMAGE\\] ResourceLeakWarning: 1 image leaked \\(4\\.0 KiB\\) at ${line('forgetImage')}$`)),
  ]);
  // What has no label is described by its kind.
  expect(told.join('\n')).toContain('  such as   fd 3');
});

it('warns of a kind where no lines are recorded, and says how to see them', () => {
  const { warnings: told } = warnings('sites', { leaks: 'count' });
  expect(told.map(first).sort()).toEqual([
    '[HANDBACK_LEAK_FILE] ResourceLeakWarning: 3 files leaked',
    '[HANDBACK_LEAK_IMAGE] ResourceLeakWarning: 1 image leaked (4.0 KiB)',
  ]);
  for (const text of told) expect(text).toMatch(/\n {2}more {6}set HANDBACK_LEAKS=trace to see where; silence: --disable-warning=HANDBACK_LEAK_\w+$/);
  expect(told.join('')).not.toContain('acquired');
});

it('names a few sampled lines at level sample', () => {
  const { warnings: told } = warnings('together', { leaks: 'sample', values: [2_000] });
  expect(told.at(-1)).toMatch(new RegExp(`sampled   ${line('openReport')}, \\d+ of the \\d+ leaks whose line was recorded`));
});

it('carries its parts as fields of the warning that the process emits', () => {
  const { said } = warnings('event');
  expect(said).toEqual([
    {
      name: 'ResourceLeakWarning',
      code: 'HANDBACK_LEAK_IMAGE',
      kind: 'image',
      message: expect.stringMatching(new RegExp(`^1 image leaked \\(4\\.0 KiB\\) at ${line('forgetImage')}$`)) as string,
      site: expect.stringMatching(new RegExp(`^${line('forgetImage')}$`)) as string,
      count: { new: 1, total: 1 },
      detail: expect.stringContaining('fix') as string,
    },
  ]);
});

it('is silenced by its code, as any warning of Node', () => {
  const { stderr, said } = warnings('event', { flags: ['--disable-warning=HANDBACK_LEAK_IMAGE'] });
  expect([stderr, said.length]).toEqual(['', 1]);
  expect(warnings('one', { values: [12], flags: ['--disable-warning=HANDBACK_LEAK_FILE', '--disable-warning=HANDBACK_LEAKS'] }).stderr).toBe('');
  expect(warnings('one', { values: [12], flags: ['--no-warnings'] }).stderr).toBe('');
});

it('prints nothing where warnings are switched off, and still tells subscribers of each', () => {
  const { stderr, said } = warnings('silent');
  expect(stderr).toBe('');
  expect(said).toHaveLength(12);
  expect(said.at(-1)).toEqual({ event: 'leak', count: { new: 1, total: 12 } });
});

it.each(majors)('says nothing at level off, and releases all the same (Node %i)', (major) => {
  expect(warnings('off', { major, leaks: 'off' })).toMatchObject({ status: 0, stderr: '', said: [5] });
});

it('adds one listener to the process, for exit, with the first leak, and none to any signal', () => {
  const { said } = warnings('listeners');
  const [before, after] = said as [Record<string, number>, Record<string, number>];
  expect(after).toEqual({ ...before, exit: (before['exit'] ?? 0) + 1 });
});

it('adds it with the level at level strict, where it looks once more for what was forgotten', () => {
  const { said } = warnings('listeners', { leaks: 'strict' });
  const [before, after] = said as [Record<string, number>, Record<string, number>];
  expect(after).toEqual(before);
  expect(before['exit']).toBe(((warnings('listeners').said[0] as Record<string, number>)['exit'] ?? 0) + 1);
});

it.each(majors)('is printed although the program ends itself before the next tick (Node %i)', (major) => {
  const { status, said, warnings: told } = warnings('exit', { major });
  expect([status, said]).toEqual([0, [true]]);
  expect(told.map((text) => first(text).replace(/ at .*/, ''))).toEqual(['[HANDBACK_LEAK_FILE] ResourceLeakWarning: 3 files leaked']);
});

it('counts by kind beyond a thousand sites: a program that leaks from everywhere is not told without end', () => {
  const { warnings: told, status } = warnings('many');
  expect(status).toBe(0);
  expect(told.length).toBeLessThanOrEqual(1_001);
  expect(first(told.at(-1) as string)).toMatch(/ResourceLeakWarning: 2\d\d files leaked$/);
});

it('fails the process at level strict, unless the app has chosen an exit code itself', () => {
  expect(warnings('code', { leaks: 'strict' }).status).toBe(1);
  expect(warnings('code', { leaks: 'strict', values: [7] }).status).toBe(7);
  expect(warnings('code', { leaks: 'strict', values: [0] }).status).toBe(1);
  expect(warnings('code', { leaks: 'trace' }).status).toBe(0);
  expect(warnings('clean', { leaks: 'strict' })).toMatchObject({ status: 0, stderr: '' });
});

it.each(majors)('looks once more before the process ends, at level strict: a short program is told too (Node %i)', (major) => {
  const { status, warnings: told } = warnings('unfound', { major, leaks: 'strict' });
  expect(status).toBe(1);
  expect(told.map((text) => first(text).replace(/ at .*/, ''))).toEqual(['[HANDBACK_LEAK_FILE] ResourceLeakWarning: 1 file leaked']);
  expect(warnings('unfound', { major })).toMatchObject({ status: 0, stderr: '' });
});

it.each(majors)('never throws out of a finalizer: a release that fails there is a warning, and the process lives (Node %i)', (major) => {
  const { status, said, warnings: told } = warnings('failing', { major, values: [11] });
  expect([status, said]).toEqual([0, ['alive']]);
  const failed = told.filter((text) => text.includes('ResourceReleaseWarning'));
  expect(failed.map(first)).toEqual([
    "[HANDBACK_RELEASE_ERROR] ResourceReleaseWarning: The release of image 'a.png' failed: Error: EIO: the disk is gone",
    "[HANDBACK_RELEASE_ERROR] ResourceReleaseWarning: The release of image 'a.png' failed: Error: EIO: the disk is gone",
  ]);
  expect(failed[0]).toMatch(/\n {2}after {5}it was found to be forgotten\n {2}acquired {2}.+\n {2}more {6}leaks\.subscribe\(…\) hears of each$/);
  expect(failed[1]).toContain('\n  same kind 10 in all\n');
});

it('warns of a release that failed after its dispose had returned, with the remedy', () => {
  const { status, said, warnings: told } = warnings('late', { leaks: 'count' });
  expect([status, said]).toEqual([0, ['alive']]);
  expect(told).toEqual([
    '[HANDBACK_RELEASE_ERROR] ResourceReleaseWarning: The release of an image failed: Error: EIO: the disk is gone\n' +
      '  after     its dispose had returned: uses in flight, or children, held the release back\n' +
      '  fix       await disposeAsync(), which rejects; or listen by leaks.subscribe(…)',
  ]);
});
