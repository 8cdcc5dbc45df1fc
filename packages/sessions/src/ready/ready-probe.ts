import { connect } from 'node:net';
import { stripVTControlCharacters, TextDecoder } from 'node:util';

import { isLonghaulError } from '@longhaul/errors';
import type { ProcessRunner } from '@longhaul/exec';
import { describeOutcome } from '@longhaul/exec';

import { readRunLog } from '../log/run-log.ts';
import type { RunDirectory } from '../run-directory.ts';
import type { AttachCommand, LogChunk } from '../session-backend.ts';
import type { ReadyCheck } from '../session-spec.ts';

/** What one look for readiness found. */
export type ReadyAnswer = { readonly kind: 'ready' } | { readonly kind: 'not yet'; readonly problem: string };

/** Looks once, for at most `timeoutMs`; aborting it makes it answer `not yet`. */
export type ReadyProbe = (limit: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined }) => Promise<ReadyAnswer>;

/** What probes are made of. */
export interface ReadyProbePorts {
  readonly runner: () => ProcessRunner;
  /** The command that runs a program beside the job, as `exec` does. */
  readonly exec: (argv: readonly string[]) => Promise<AttachCommand>;
}

const READY: ReadyAnswer = { kind: 'ready' };

/** A probe of one run. Its log is read once, from the beginning, however often it is asked. */
export function readyProbe(check: ReadyCheck, run: RunDirectory, ports: ReadyProbePorts): ReadyProbe {
  switch (check.kind) {
    case 'log':
      return logProbe(check.pattern, run);
    case 'tcp':
      return (limit) => tcpAnswer(check, limit);
    case 'http':
      return (limit) => httpAnswer(check.url, limit);
    case 'command':
      return (limit) => commandAnswer(check.argv, { ...ports, ...limit });
  }
}

/** A line that never ends must not be kept for ever. */
const MAX_LINE = 65_536;

function logProbe(pattern: string, run: RunDirectory): ReadyProbe {
  const wanted = new RegExp(pattern, 'u');
  const rests = new Map<LogChunk['stream'], string>();
  const decoders = new Map<LogChunk['stream'], TextDecoder>();
  let after = 0;
  const matches = ({ bytes, stream }: LogChunk): boolean => {
    const decoder = decoders.get(stream) ?? new TextDecoder();
    decoders.set(stream, decoder);
    const lines = `${rests.get(stream) ?? ''}${decoder.decode(bytes, { stream: true })}`.split(/\r?\n/);
    rests.set(stream, lines.at(-1)?.slice(-MAX_LINE) ?? '');
    // An unfinished line counts too: a prompt has no end.
    return lines.some((line) => wanted.test(stripVTControlCharacters(line)));
  };
  return async ({ signal }) => {
    for await (const chunk of readRunLog(run, { after, ...(signal === undefined ? {} : { signal }) })) {
      after = chunk.endOffset;
      if (matches(chunk)) return READY;
    }
    return { kind: 'not yet', problem: 'no line of its log matches the pattern' };
  };
}

type Limit = Parameters<ReadyProbe>[0];

function tcpAnswer({ host, port }: Extract<ReadyCheck, { kind: 'tcp' }>, { timeoutMs, signal }: Limit): Promise<ReadyAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, ...(signal === undefined ? {} : { signal }) });
    const settle = (answer: ReadyAnswer): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => {
      settle({ kind: 'not yet', problem: `${host}:${String(port)} does not answer` });
    });
    socket.once('connect', () => {
      settle(READY);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      settle({ kind: 'not yet', problem: `${host}:${String(port)} cannot be reached (${error.code ?? error.message})` });
    });
  });
}

async function httpAnswer(url: string, { timeoutMs, signal }: Limit): Promise<ReadyAnswer> {
  const timeout = AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs)));
  try {
    const response = await fetch(url, { redirect: 'manual', signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]) });
    await response.body?.cancel();
    return response.status >= 200 && response.status < 400 ? READY : { kind: 'not yet', problem: `it answers with status ${String(response.status)}` };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : null;
    return { kind: 'not yet', problem: `its address cannot be read (${cause ?? (timeout.aborted ? 'no answer in time' : 'no connection')})` };
  }
}

async function commandAnswer(argv: readonly string[], { exec, runner, timeoutMs, signal }: ReadyProbePorts & Limit): Promise<ReadyAnswer> {
  let command: AttachCommand;
  try {
    command = await exec(argv);
  } catch (error) {
    // It ended at this moment, or its backend does not answer: the next look at the run decides.
    if (!isLonghaulError(error)) throw error;
    return { kind: 'not yet', problem: error.message };
  }
  const { program, args, env } = command;
  const outcome = await runner().run({ program, args, env: { base: 'empty', set: env }, timeoutMs, killGraceMs: 500, signal });
  if (outcome.kind === 'exited' && outcome.exitCode === 0) return READY;
  return { kind: 'not yet', problem: `its command says no: ${describeOutcome(outcome)}` };
}
