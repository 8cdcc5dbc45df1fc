import { statSync } from 'node:fs';
import { join } from 'node:path';

import type { SessionLogEvent } from '@longhaul/sessions';
import { NO_RESTART, SessionManager } from '@longhaul/sessions';
import { expect, it } from 'vitest';

import { describeBoth } from './both-engines.ts';
import { containerBed, sh } from './container-bed.ts';

async function collect(source: AsyncIterable<SessionLogEvent>): Promise<readonly SessionLogEvent[]> {
  const all: SessionLogEvent[] = [];
  for await (const event of source) all.push(event);
  return all;
}

describeBoth('the logs of a container', (engine) => {
  it('are followed over its attempts, each made anew, stdout and stderr in order', async () => {
    const bed = await containerBed(engine());
    const manager = new SessionManager({ stateDir: bed.stateDir, backends: [], runs: bed.runs });
    const restart = { ...NO_RESTART, mode: 'on-failure' as const, maxRestarts: 1, delayMs: 50, maxDelayMs: 50 };
    const { run } = await bed.start('flaky', sh('for i in 1 2 3; do echo "out $i"; echo "err $i" >&2; sleep 0.2; done; exit 4'), { restart });
    const events = await collect(manager.followLogs('flaky', { follow: 'until-end', after: `${run.runId}:0` }));
    for (const stream of ['stdout', 'stderr'] as const) {
      const text = events.map((event) => (event.kind === 'output' && event.chunk.stream === stream ? Buffer.from(event.chunk.bytes).toString() : event.kind === 'began' ? '|' : '')).join('');
      const once = [1, 2, 3].map((line) => `${stream.slice(3)} ${String(line)}\n`).join('');
      expect(text).toBe(`${once}|${once}`);
    }
    expect(events.at(-1)).toMatchObject({ kind: 'ended', before: { exitCode: 4, attempt: 2 } });
  });

  it('are held to a limit while the engine writes them, and a reader gets or is told of everything', async () => {
    const bed = await containerBed(engine());
    const manager = new SessionManager({ stateDir: bed.stateDir, backends: [], runs: bed.runs });
    const count = 60_000;
    const { run } = await bed.start('loud', sh(`seq 1 ${String(count)}`), { log: { maxBytes: 500_000 } });
    const following = collect(manager.followLogs('loud', { follow: 'until-end' }));
    for (let isOver = false; !isOver; ) {
      isOver = (await bed.runs.records(run)).exit !== null;
      await manager.capLogs();
    }
    // Each number follows the one before, unless something was dropped right before it.
    let next: number | null = 1;
    let rest = '';
    for (const event of await following) {
      if (event.kind === 'dropped') [next, rest] = [null, ''];
      if (event.kind !== 'output') continue;
      const lines = (rest + Buffer.from(event.chunk.bytes).toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        expect(Number(line)).toBe(next ?? Number(line));
        next = Number(line) + 1;
      }
    }
    expect(next).toBe(count + 1);
    expect(statSync(join(run.path, 'output.cri')).blocks * 512).toBeLessThanOrEqual(500_000 + 64 * 1024);
    const late = await collect(manager.followLogs('loud', { lines: 2 }));
    expect(late.map((event) => (event.kind === 'output' ? Buffer.from(event.chunk.bytes).toString() : event.kind)).join('')).toBe(`${String(count - 1)}\n${String(count)}\n`);
  });
});
