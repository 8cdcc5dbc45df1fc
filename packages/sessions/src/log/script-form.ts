import { join } from 'node:path';

import { SessionConfigError } from '@longhaul/errors';

import type { RunDirectory } from '../run-directory.ts';
import { RUN_FILES } from '../run-files.ts';
import { runIdTime } from '../run-id.ts';
import { readRun } from '../run-reader.ts';
import type { LogChunk } from '../session-backend.ts';
import type { LogForm } from './log-form.ts';
import { contentStart, FOOTER_WINDOW, footerLength, heldBack } from './log-frame.ts';
import { outputBefore, timingOf } from './log-timing.ts';
import { TimingClock } from './timing-clock.ts';

/** A log of script(1): the output as it is, framed by two lines of script's own where it is that of util-linux, times in a file beside it. */
export function scriptForm(platform: string): LogForm {
  return {
    file: RUN_FILES.log,
    hasHead: platform === 'linux',
    limit: async (file, { size, isFinal }) => {
      const tail = await file.slice(Math.max(0, size - FOOTER_WINDOW), size);
      return size - (isFinal ? footerLength(tail) : heldBack(tail, size));
    },
    start: contentStart,
    lastLines: async (file, { start, limit, dropped }, { lines }) => {
      const from = Math.max(start, dropped?.to ?? 0);
      const last = await file.lastLines({ from, to: Math.max(from, limit), lines });
      return last.missing > 0 ? start : last.from;
    },
    since: async (_file, { run, start, dropped }, moment) => {
      const { start: record } = readRun(run).records;
      const startedAt = record === null ? runIdTime(run.runId) : new Date(record.startedAt);
      const before = await outputBefore({ path: join(run.path, RUN_FILES.timing), startedAt, dropped: dropped?.timing ?? null }, moment);
      if (before !== null) return before.isDropped ? start : start + before.bytes;
      throw withoutTimes(run, 'be shown since a moment', 'use --lines instead');
    },
    streams: 'merged',
    chunks: (block, from) => [{ bytes: block, stream: 'terminal', endOffset: from + block.length, offsets: 'bytes' }],
    timed: (run) => {
      const clock = new TimingClock(run);
      return async (block, { from, start }) => {
        const stretches = await clock.stretches(from - start, from - start + block.length);
        if (stretches === null) throw withoutTimes(run, 'be shown with them', 'leave out --timestamps');
        let begin = 0;
        return stretches.map(({ end, at }): LogChunk => {
          const bytes = block.subarray(begin, end + start - from);
          begin += bytes.length;
          return { bytes, stream: 'terminal', endOffset: start + end, offsets: 'bytes', at: new Date(at).toISOString() };
        });
      };
    },
    sums: async (_file, { run, from, to, before }) => ({ timing: await timingOf(join(run.path, RUN_FILES.timing), to - from, before?.timing ?? null), entries: null }),
  };
}

function withoutTimes({ session }: Pick<RunDirectory, 'session'>, what: string, instead: string): SessionConfigError {
  return new SessionConfigError(`the log of session "${session}" has no times, so it cannot ${what}`, { hint: `script(1) of this system writes none; ${instead}` });
}
