import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { ProgramResult } from '@longhaul/testbed';
import { waitFor } from '@longhaul/testbed';
import type { FailureFacts } from '../../src/failures/index.ts';

/** One fixture: what a tool left behind, and what it means. */
export interface RecordedCase {
  readonly id: string;
  readonly tool: 'rsync' | 'ssh' | 'remote-script' | 'rclone';
  readonly returncode: number;
  readonly stderr: string;
  readonly facts?: FailureFacts;
  /** `ok`: a failure's exit code that costs nothing. null: a program is missing. */
  readonly expectedKind: string | null;
}

/** A case to be recorded: `run` makes the failure happen. */
export interface CaseToRecord {
  readonly id: string;
  readonly expectedKind: string | null;
  readonly facts?: FailureFacts;
  /** Repeated until it ends with this code: rsync says 12 where it did not wait long enough for its remote shell's own. */
  readonly code?: number;
  readonly run: (dir: string) => Promise<ProgramResult>;
}

export type Recorder = (recorded: RecordedCase) => void;

const SIGNALS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** Runs the cases one after the other, each in a folder of its own; the folder's name is no part of what is recorded. */
export async function recordAll(tool: RecordedCase['tool'], { work, cases, record }: { work: string; cases: readonly CaseToRecord[]; record: Recorder }): Promise<void> {
  for (const { id, expectedKind, facts, code, run } of cases) {
    const dir = `${work}/${id}`;
    const attempt = async (): Promise<{ returncode: number; stderr: Buffer }> => {
      rmSync(dir, { recursive: true, force: true });
      mkdirSync(dir, { mode: 0o755 });
      const result = await run(dir);
      return { returncode: result.code ?? 128 + (SIGNALS[result.signal ?? ''] ?? 0), stderr: result.stderr };
    };
    let { returncode, stderr } = await attempt();
    for (let repeats = 0; code !== undefined && returncode !== code && repeats < 100; repeats += 1) ({ returncode, stderr } = await attempt());
    if (returncode === 0 || (code !== undefined && returncode !== code)) throw new Error(`${id} ended with ${String(returncode)}`);
    const text = stderr.toString().replaceAll(work, '/data').replaceAll(/\/tmp\/[\w.-]+/g, '/mnt/nas').replaceAll(/\d{4}([-/])\d\d[-/]\d\d([T ])\d\d:\d\d:\d\d(?:\.\d+)?/g, '2026$111$122$210:00:00');
    record({ id, tool, returncode, stderr: text, ...(facts === undefined ? {} : { facts }), expectedKind });
  }
}

/** A small source to push. */
export function source(dir: string, bytes = 1000): string {
  const root = `${dir}/source`;
  mkdirSync(root, { recursive: true });
  writeFileSync(`${root}/a.txt`, Buffer.alloc(bytes, 'a'));
  writeFileSync(`${root}/b.txt`, Buffer.alloc(bytes, 'b'));
  return root;
}

/** An executable script. */
export function script(dir: string, name: string, body: string): string {
  const path = `${dir}/${name}`;
  writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

/** A connection that has not logged in, and does not: with `MaxStartups 1:100:1` sshd then refuses every other one. */
export async function halfLoggedIn(port: number): Promise<AsyncDisposable> {
  // A connection that has just ended may still count: the first ones are refused then.
  const socket = await waitFor(async () => greeted(port), { what: 'a login to begin' });
  return {
    [Symbol.asyncDispose]: async () => {
      socket.destroy();
      await once(socket, 'close');
    },
  };
}

async function greeted(port: number): Promise<Socket | null> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  const greeting = await Promise.race([once(socket, 'data').then(([data]) => String(data)), once(socket, 'close').then(() => '')]);
  if (greeting.startsWith('SSH-2.0')) return socket;
  socket.destroy();
  return null;
}
