import { readFileSync } from 'node:fs';

import type { Caller } from '../spec/start-request.ts';

/** This process as the caller of a start: its environment, directory, umask and terminal (design §4.2). */
export function currentCaller(): Caller {
  return { env: process.env, cwd: process.cwd(), umask: currentUmask(), columns: process.stdout.columns, rows: process.stdout.rows };
}

/** `process.umask()` reads by setting it to 0 for a moment, in which another thread may make a file for everybody. */
function currentUmask(): number {
  const line = process.platform === 'linux' ? /^Umask:\s*([0-7]+)$/m.exec(readFileSync('/proc/self/status', 'latin1')) : null;
  if (line?.[1] !== undefined) return Number.parseInt(line[1], 8);
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- macOS and BSD tell it in no other way without starting a program
  return process.umask();
}
