// Loaded into a real `longhaul sync work` by NODE_OPTIONS=--import, into its main thread and its worker threads alike: stops the one
// system call that the test has named, so that the test can kill the process exactly there. See sync-gate.ts.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';

interface Spec {
  readonly call: string;
  readonly match: string;
  readonly when: 'before' | 'after';
}

const folder = process.env['LONGHAUL_TEST_GATE'] ?? '';
const spec = JSON.parse(fs.readFileSync(path.join(folder, 'call.json'), 'utf8')) as Spec;
const match = new RegExp(spec.match, 's');
const { readFileSync, writeFileSync } = fs;

/** The first one that comes by is held until the test opens the gate; all later ones pass. */
function hold(args: readonly unknown[]): void {
  if (!match.test(args.filter((arg) => typeof arg === 'string' || Buffer.isBuffer(arg)).map((arg) => (typeof arg === 'string' ? arg : arg.toString('latin1'))).join('\0'))) return;
  try {
    writeFileSync(path.join(folder, 'reached'), `${String(process.pid)}\n`, { flag: 'wx' });
  } catch {
    return;
  }
  readFileSync(path.join(folder, 'fifo'));
}

type Call = (...args: readonly unknown[]) => unknown;

function guarded(original: Call): Call {
  return (...args) => {
    if (spec.when === 'before') hold(args);
    const result = original(...args);
    if (spec.when === 'before') return result;
    if (result instanceof Promise) return result.then((value: unknown) => (hold(args), value));
    hold(args);
    return result;
  };
}

for (const owner of [fs, fs.promises] as unknown as Record<string, Call>[]) {
  const original = owner[spec.call];
  if (original !== undefined) owner[spec.call] = guarded(original.bind(owner));
}
syncBuiltinESMExports();
