import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { installHint, SessionStartError } from '@longhaul/errors';
import type { RunDirectory } from '@longhaul/sessions';
import { LAUNCH_FILES, readRunLog } from '@longhaul/sessions';

/** The error for a run whose record says `start-failed`: with the launcher's reason, or what the shell said as it could not execute it. */
export async function startFailure(run: RunDirectory): Promise<SessionStartError> {
  const reason = readStartError(run) ?? (await lastLineOfLog(run)) ?? 'the command could not be executed';
  return new SessionStartError(run.session, 'tmux', reason, { hint: hintFor(reason) });
}

function readStartError(run: RunDirectory): string | null {
  const path = join(run.path, LAUNCH_FILES.startError);
  try {
    const text = readFileSync(path, 'utf8').trim();
    return text === '' ? null : text;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    // Most often there is none: the shell said in the log why.
    return code === 'ENOENT' ? null : `the reason stands in ${path}, which cannot be read (${code})`;
  }
}

async function lastLineOfLog(run: RunDirectory): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  for await (const { bytes } of readRunLog(run, { lines: 1 })) chunks.push(bytes);
  // "job.sh: 7: exec: train: not found": the part before the program is about our script.
  const line = Buffer.concat(chunks).toString('utf8').trim().replace(/^\S*(?:job|command)\.sh: (?:(?:line |exec: )*\d+: )?(?:exec: )?(?:line \d+: )?/, '');
  return line === '' ? null : line;
}

function hintFor(reason: string): string {
  if (reason.startsWith('script: ')) return `Longhaul needs script of util-linux (on macOS and BSD, the system's own): ${installHint('script')}`;
  if (reason.startsWith('the working directory')) return 'Choose another one with -C, or make it';
  if (reason.startsWith('command not found')) return 'Give the path of the program, or look at the PATH of the shell that you start it from';
  return 'Run the command by hand in its directory to see what is missing';
}
