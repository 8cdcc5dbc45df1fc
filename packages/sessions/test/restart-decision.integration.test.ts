import { writeFileSync } from 'node:fs';

import { busyboxPath, findProgram, requireService, runToEnd, tempDir } from '@longhaul/testbed';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';

import type { EndedAttempt, ExitReason, RestartPolicy } from '../src/index.ts';
import { asRunId, decideRestart, NO_RESTART, restartDelay, runIdTime } from '../src/index.ts';
import { LAUNCHER_SCRIPTS } from '../src/launcher/launcher-scripts.ts';

const available = requireService('busybox');

/** What a function of loop.sh makes of many inputs, a line of words each. */
async function inShell(shell: string, body: string, inputs: readonly (readonly (string | number)[])[]): Promise<readonly string[]> {
  const dir = await tempDir('lh-loop-');
  onTestFinished(async () => dir[Symbol.asyncDispose]());
  writeFileSync(dir.join('loop.sh'), LAUNCHER_SCRIPTS['loop.sh'] ?? '');
  const words = inputs.map((input) => input.map((word) => `'${String(word)}'`).join(' '));
  const script = `. "$0/loop.sh"\nf() { ${body}; }\n${words.map((line) => `f ${line}\n`).join('')}`;
  writeFileSync(dir.join('script.sh'), `set -- \n${script.replaceAll('$0', dir.path)}`);
  const { stdout, stderr, code } = await runToEnd(shell, [dir.join('script.sh')]);
  expect({ code, stderr: stderr.toString() }).toEqual({ code: 0, stderr: '' });
  return stdout.toString().split('\n').slice(0, -1);
}

const sample = <T>(arbitrary: fc.Arbitrary<T>): readonly T[] => fc.sample(arbitrary, { numRuns: 400, seed: 7 });

describe.runIf(available).each(['dash', 'bash', 'busybox sh'])('in %s', (name) => {
  const shellOf = async (): Promise<string> => {
    if (name !== 'busybox sh') return findProgram(name) ?? '/bin/sh';
    const path = await busyboxPath({ only: ['sh'] });
    onTestFinished(async () => path[Symbol.asyncDispose]());
    return path.join('sh');
  };

  it('a pause is as long as in TypeScript, never above the longest, and never shrinks by more than a quarter', async () => {
    const inputs = sample(fc.tuple(fc.nat(60), fc.integer({ min: 0, max: 10_000_000 }), fc.integer({ min: 1, max: 2_000_000_000 }), fc.nat(999)));
    const delays = inputs.map(([row, delayMs, maxDelayMs, chance]) => restartDelay(row, { delayMs, maxDelayMs }, chance));
    inputs.forEach(([row, delayMs, maxDelayMs], index) => {
      const longest = Math.min(delayMs * 2 ** row, maxDelayMs);
      expect(delays[index]).toBeLessThanOrEqual(longest);
      expect(delays[index]).toBeGreaterThanOrEqual(Math.floor(longest * 0.75));
    });
    expect(await inShell(await shellOf(), 'lh_growing "$@"; echo "$lh_delay"', inputs)).toEqual(delays.map(String));
  });

  it('a restart is decided as in TypeScript', async () => {
    const reason = fc.constantFrom<ExitReason[]>('exit', 'signal', 'stopped', 'start-failed', 'lost', 'interrupted');
    const inputs = sample(fc.record({
      mode: fc.constantFrom<RestartPolicy['mode'][]>('on-failure', 'always'),
      maxRestarts: fc.option(fc.nat(4)),
      resetMs: fc.nat(50),
      ended: fc.record({ attempt: fc.integer({ min: 1, max: 4 }), restarts: fc.nat(5), reason, exitCode: fc.option(fc.constantFrom(0, 1, 143)), livedMs: fc.option(fc.integer({ min: -10, max: 90 })) }),
    }));
    const decide = ({ ended, ...policy }: Pick<RestartPolicy, 'mode' | 'maxRestarts' | 'resetMs'> & { readonly ended: EndedAttempt }): string => {
      const decision = decideRestart({ ...NO_RESTART, ...policy }, ended);
      return decision.kind === 'again' ? `again ${String(decision.row)}` : decision.kind;
    };
    const words = inputs.map(({ mode, maxRestarts, resetMs, ended: { attempt, restarts, reason: why, exitCode, livedMs } }) => [mode, maxRestarts ?? '', restarts, resetMs, attempt, why, exitCode ?? 'null', livedMs ?? '']);
    const found = await inShell(await shellOf(), 'lh_decide "$@"; if [ "$lh_what" = again ]; then echo "again $lh_row"; else echo "$lh_what"; fi', words);
    expect(found).toEqual(inputs.map(decide));
    expect(new Set(found.map((line) => line.split(' ')[0]))).toEqual(new Set(['again', 'stopped', 'succeeded', 'not-started', 'gave-up']));
  });

  it('a time of a record is as many milliseconds as in JavaScript', async () => {
    const dates = sample(fc.date({ min: new Date('1970-01-01T00:00:00Z'), max: new Date('2199-12-31T23:59:59Z'), noInvalidDate: true })).map((date) => date.toISOString());
    const texts = [...dates, '2026-11-22T04:05:06Z', '2028-02-29T23:59:59.9Z', '', 'yesterday', '2026-11-22'];
    const expected = texts.map((text) => (/^\d{4}-\d{2}-\d{2}T.*Z$/.test(text) ? String(Date.parse(text)) : ''));
    expect(await inShell(await shellOf(), 'lh_epoch "$1"; echo "$lh_ms"', texts.map((text) => [text]))).toEqual(expected);
  });

  it('the id of a run is one, of its time, and later ones sort behind it', async () => {
    const times = sample(fc.integer({ min: 1, max: 2 ** 47 })).toSorted((a, b) => a - b);
    const random = sample(fc.array(fc.nat(255), { minLength: 16, maxLength: 16 }));
    const ids = await inShell(await shellOf(), 'lh_run_id "$@"; echo "$lh_id"', times.map((time, index) => [time, ...(random[index] ?? [])]));
    expect(ids.map((id) => runIdTime(asRunId(id) as NonNullable<ReturnType<typeof asRunId>>).getTime())).toEqual(times);
    expect(ids.map((id) => id.slice(0, 10))).toEqual(ids.map((id) => id.slice(0, 10)).toSorted());
    expect(new Set(ids).size).toBe(new Set(times.map((time, index) => `${String(time)} ${(random[index] ?? []).map((number) => number % 32).join(' ')}`)).size);
  });
});
