import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { requireService, tempDir, waitFor } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished } from 'vitest';

import type { SessionLogEvent } from '../src/index.ts';
import { NO_RESTART, SessionManager } from '../src/index.ts';
import { capRun } from '../src/log/cap-run.ts';
import { readDropped } from '../src/log/dropped-range.ts';
import type { Launched } from './launcher-fixture.ts';
import { launch, sh, textOf as fileText } from './launcher-fixture.ts';

const available = requireService('script');

function managerOf({ runs }: Launched): SessionManager {
  return new SessionManager({ stateDir: runs.stateDir, backends: [], runs });
}

function textOf(events: readonly SessionLogEvent[]): string {
  return events.map((event) => (event.kind === 'output' ? Buffer.from(event.chunk.bytes).toString('latin1') : '')).join('');
}

async function collect(source: AsyncIterable<SessionLogEvent>): Promise<readonly SessionLogEvent[]> {
  const all: SessionLogEvent[] = [];
  for await (const event of source) all.push(event);
  return all;
}

/** Reads a few events at a time and goes away in between, taking only the cursor along: as if each were another process. */
async function inStages(manager: SessionManager, first: string): Promise<readonly SessionLogEvent[]> {
  const all: SessionLogEvent[] = [];
  let cursor = first;
  for (let stage = 1; ; stage += 1) {
    let outputs = 0;
    for await (const event of manager.followLogs('train', { follow: 'until-end', after: cursor })) {
      all.push(event);
      if (event.kind !== 'output') continue;
      cursor = event.cursor ?? cursor;
      outputs += 1;
      if (outputs === 1 + (stage % 7)) break;
    }
    if (all.at(-1)?.kind === 'ended') return all;
  }
}

describe.runIf(available)('the logs of a real job', () => {
  it('are followed over its restarts by readers that come and go: every line, once, in order', async () => {
    const restart = { ...NO_RESTART, mode: 'on-failure' as const, delayMs: 20, maxDelayMs: 50 };
    const attempts = 4;
    const lines = 20_000;
    const script = `echo x >> times; n=$(wc -l < times); seq -f "attempt $n line %.0f" 1 ${String(lines)}; [ $n -ge ${String(attempts)} ] || exit $n`;
    const launched = await launch({ command: sh(script), spec: { restart } });
    const manager = managerOf(launched);
    const from = `${launched.run.runId}:0`;
    const followers = [
      collect(manager.followLogs('train', { follow: 'until-end', after: from })),
      inStages(manager, from),
      // One who knows nothing of runs.
      collect(manager.followLogsOf(['train'], { follow: 'until-end', after: from })),
    ];
    const expected = Array.from({ length: attempts }, (_, attempt) => Array.from({ length: lines }, (_unused, line) => `attempt ${String(attempt + 1)} line ${String(line + 1)}\r\n`).join('')).join('');
    for (const events of await Promise.all(followers)) {
      expect(textOf(events) === expected).toBe(true);
      expect(events.at(-1)).toMatchObject({ kind: 'ended', before: { exitCode: 0, attempt: attempts } });
    }
    const [whole] = await Promise.all(followers);
    expect(whole?.filter(({ kind }) => kind === 'began')).toMatchObject([2, 3, 4].map((attempt) => ({ attempt, before: { exitCode: attempt - 1 } })));
  });

  it('are capped while it prints and others read: what each reader got and what it was told is gone is the whole', async () => {
    const count = 600_000;
    const maxBytes = 500_000;
    const launched = await launch({ command: sh(`seq -f "%07.0f" 1 ${String(count)}; echo done`), spec: { log: { maxBytes } } });
    const { run } = launched;
    const manager = managerOf(launched);
    const slow = manager.followLogs('train', { follow: 'until-end' });
    const steady = collect(manager.followLogs('train', { follow: 'until-end' }));
    const first = slow.next();
    const events: SessionLogEvent[] = [];
    const opening: IteratorResult<SessionLogEvent, unknown> = await first;
    if (opening.done !== true) events.push(opening.value);
    const capping = capUntilEnd(launched);
    // It goes on only when its place is gone.
    await waitFor(() => (readDropped(run.path)?.to ?? 0) > endOf(events), { what: 'the cap to overtake the slow reader', deadline: 120_000 });
    for await (const event of slow) events.push(event);
    await capping;
    const total = statSync(join(run.path, 'output.log')).size;
    for (const seen of [events, await steady]) {
      checkWhole(seen);
      expect(textOf(seen)).not.toContain('\0');
      expect(textOf(seen).endsWith(`${String(count).padStart(7, '0')}\r\ndone\r\n`)).toBe(true);
      expect(endOf(seen)).toBeGreaterThan(total - 200);
    }
    expect(events.some(({ kind }) => kind === 'dropped')).toBe(true);
    // A reader of today sees the last lines, whole, and is told how much is gone.
    const late = await collect(manager.followLogs('train'));
    const header = readFileSync(join(run.path, 'output.log')).indexOf(0x0a) + 1;
    expect(late[0]).toMatchObject({ kind: 'dropped', from: header, to: readDropped(run.path)?.to });
    const shown = textOf(late).split('\r\n');
    expect(shown.slice(-3)).toEqual([String(count).padStart(7, '0'), 'done', '']);
    expect(shown.slice(0, -2)).toEqual(Array.from({ length: shown.length - 2 }, (_, index) => String(count - (shown.length - 3) + index).padStart(7, '0')));
    expect(diskBytes(join(run.path, 'output.log')) + diskBytes(join(run.path, 'timing'))).toBeLessThanOrEqual(maxBytes + 64 * 1024);
  });
});

describe.runIf(available)('a log with a limit that nobody looks at', () => {
  it('is held to it by what its launcher started, which goes with it', async () => {
    const maxBytes = 1_000_000;
    const main = `import { SessionManager } from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)}; await new SessionManager({ stateDir: process.argv[1], backends: [] }).capLogs();`;
    const dir = await tempDir('lh-limit-');
    onTestFinished(async () => dir[Symbol.asyncDispose]());
    const stateDir = dir.join('state');
    const { run, exit, work } = await launch({
      command: sh('seq -w 1 300000; touch printed; while [ ! -e end ]; do sleep 0.05; done'),
      spec: { log: { maxBytes } },
      options: { holdLogs: [process.execPath, '--conditions=@longhaul/source', '--input-type=module', '--eval', main, stateDir] },
      stateDir,
      prepared: ({ path }) => {
        const file = join(path, 'limit.conf');
        expect(readFileSync(file, 'utf8')).toContain('lh_every=30\n');
        writeFileSync(file, readFileSync(file, 'utf8').replace('lh_every=30', 'lh_every=0.2'));
      },
    });
    await fileText(join(work, 'printed'));
    await waitFor(() => (readDropped(run.path) !== null && diskBytes(join(run.path, 'output.log')) <= maxBytes ? true : null), { what: 'the limit to be kept', deadline: 120_000 });
    const helpers = (): readonly string[] => readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandLine(pid).includes(`limit.sh\0${run.path}`));
    expect(helpers()).toHaveLength(1);
    writeFileSync(join(work, 'end'), '');
    expect(await exit()).toMatchObject({ exitCode: 0 });
    await waitFor(() => (helpers().length === 0 ? true : null), { what: 'the end of what holds the log', deadline: 60_000 });
  });
});

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    // Ended since it was listed.
    return '';
  }
}

/** As a server does, until the run has ended; and once more. */
async function capUntilEnd({ run, records }: Launched): Promise<void> {
  for (let isOver = false; !isOver; ) {
    isOver = (await records()).exit !== null;
    expect((await capRun(run))?.kind).not.toBe('impossible');
  }
}

/** The log is one stretch: each piece begins where the one before ended, or where a range that was told of ends. */
function checkWhole(events: readonly SessionLogEvent[]): void {
  let at: number | null = null;
  for (const event of events) {
    if (event.kind === 'output') {
      const from = event.chunk.endOffset - event.chunk.bytes.length;
      expect(from).toBe(at ?? from);
      at = event.chunk.endOffset;
    } else if (event.kind === 'dropped') {
      expect(event.from).toBe(at ?? event.from);
      at = event.to;
    }
  }
}

function endOf(events: readonly SessionLogEvent[]): number {
  const last = events.findLast((event) => event.kind === 'output');
  return last?.kind === 'output' ? last.chunk.endOffset : 0;
}

function diskBytes(path: string): number {
  return statSync(path).blocks * 512;
}
