import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { LogChunk, RunDirectory, RunLogOptions, World } from '../../src/index.ts';
import { readRunLog, systemWorld } from '../../src/index.ts';
import { writeRecord } from './temporary-store.ts';

export const HEADER = 'Script started on 2026-11-22 00:57:55+00:00 [COMMAND="exec sh ./in.sh" TERM="tmux-256color" TTY="/dev/pts/3" COLUMNS="80" LINES="24"]\n';
export const FOOTER = '\nScript done on 2026-11-22 00:57:56+00:00 [COMMAND_EXIT_CODE="3"]\n';

/** Writes the log of a finished run, framed as script(1) does. */
export function writeLog(run: RunDirectory, content: string | Uint8Array): void {
  writeFileSync(logOf(run), Buffer.concat([Buffer.from(HEADER), Buffer.from(content), Buffer.from(FOOTER)]));
}

export function logOf(run: RunDirectory): string {
  return join(run.path, 'output.log');
}

export function append(run: RunDirectory, bytes: string | Uint8Array): void {
  appendFileSync(logOf(run), bytes);
}

/** Makes this very process the job of the run, so that it lives. */
export function play(run: RunDirectory): void {
  playSince(run, new Date());
}

/** The same, and the job has been running since then. */
export function playSince(run: RunDirectory, since: Date): void {
  const startedAt = since.toISOString();
  writeRecord(run, 'start.json', { pid: process.pid, processStartTime: '7', bootId: systemWorld().bootId, startedAt, launcherPid: process.pid, launcherStartTime: '7' });
}

/** A machine on which everything of this boot lives until `died` is set. */
export function mortalWorld(): { died: boolean; readonly world: () => World } {
  const state = { died: false, world: (): World => ({ ...systemWorld(), liveness: () => (state.died ? 'dead' : 'alive') }) };
  return state;
}

/** The next piece of a log, as text. */
export async function next(chunks: AsyncGenerator<LogChunk>): Promise<string> {
  const result = await chunks.next();
  if (result.done === true) throw new Error('the log has ended');
  return Buffer.from(result.value.bytes).toString();
}

/** All bytes of a log. */
export async function readAll(run: RunDirectory, options: RunLogOptions = {}, world?: () => World): Promise<Buffer> {
  return Buffer.concat((await collect(readRunLog(run, options, world === undefined ? {} : { world }))).map(({ bytes }) => bytes));
}

export async function collect(chunks: AsyncIterable<LogChunk>): Promise<LogChunk[]> {
  const all: LogChunk[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}
