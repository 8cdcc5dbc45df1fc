import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A job that counts aloud, and keeps beside its output how far it came: what its log must hold is known whatever ends it. */
export interface CountingJob {
  readonly lines: number;
  readonly code: number;
  /** Name of its file in the folder of truths. */
  readonly truth: string;
}

/** $1: lines, $2: pause in seconds, $3: the file of truth, $4: exit code. The file is written first: the log may lack its last line, no other. */
const SCRIPT = 'i=0; while [ "$i" -lt "$1" ]; do i=$((i+1)); echo "$i" >> "$3"; echo "line $i"; sleep "$2"; done; exit "$4"';

/** argv of the job; `folder` is where it finds the truths, which a container sees elsewhere. */
export function countingArgv(job: CountingJob, { folder, pauseMs }: { readonly folder: string; readonly pauseMs: number }): readonly string[] {
  return ['sh', '-c', SCRIPT, 'counting', String(job.lines), String(pauseMs / 1000), `${folder}/${job.truth}`, String(job.code)];
}

/** The job that an argv of {@link countingArgv} is, or null. */
export function countingJobOf(argv: readonly string[]): CountingJob | null {
  const [, , , name, lines, , truth = '', code] = argv;
  return name === 'counting' ? { lines: Number(lines), code: Number(code), truth: truth.slice(truth.lastIndexOf('/') + 1) } : null;
}

/** How far it came. */
export function truthOf(job: CountingJob, folder: string): number {
  try {
    return readFileSync(join(folder, job.truth), 'utf8').split('\n').filter((line) => line !== '').length;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0;
    throw error;
  }
}
