import { constants } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { isLonghaulError, redact } from '@longhaul/errors';

import { serve } from './serve.ts';

const HELP = `Usage: longhaul serve [--config FILE] [--state-dir DIR] [--tmux-socket NAME|PATH]

Works on the sync queue, puts outputs of ended runs into it, and answers on STATE/server/longhaul.sock:
  GET /healthz           GET /api/v1/sessions           GET /api/v1/jobs?limit=&cursor=&state=&destination=&session=&run=

SIGTERM and SIGINT let it end in order. SIGHUP: reads the configuration again (started from a terminal: ends in order). Exit codes: 0 ended in order · 1 failed · 2 usage · 4 runs already.
`;

/** What a transfer may take to end after SIGTERM. Milliseconds; service managers kill after 90 s as a rule. */
const DEADLINE_MS = 30_000;

/** The program `longhaul-server`. Gives the exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  // Nothing that the server makes is anybody else's business.
  process.umask(0o077);
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { config: { type: 'string' }, 'state-dir': { type: 'string' }, 'tmux-socket': { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help === true) {
      process.stdout.write(HELP);
      return 0;
    }
    const stateDir = values['state-dir'];
    await serve({ configFile: values.config, stateDir: stateDir === undefined ? undefined : path.resolve(stateDir), flags: { 'tmux.socket': values['tmux-socket'] }, signal: stopSignal(), log, onReady: hangups() });
    return 0;
  } catch (error) {
    return report(error);
  }
}

function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT', ...(inTerminal() ? (['SIGHUP'] as const) : [])] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(128 + constants.signals[name]);
      log(`${name}: ends in order`);
      controller.abort();
      setTimeout(() => {
        log('did not end in time');
        process.exit(1);
      }, DEADLINE_MS).unref();
    });
  }
  return controller.signal;
}

/** There SIGHUP says that the terminal has gone; elsewhere it is the word of a service manager that the configuration has changed. */
function inTerminal(): boolean {
  return process.stdin.isTTY || process.stderr.isTTY;
}

/** Takes SIGHUP from now on, not only when the server is ready for it. One after the other: a file may be written while it is read. */
function hangups(): (server: { readonly reload: () => Promise<void> }) => void {
  let onReady: (reload: () => Promise<void>) => void = () => undefined;
  let last = new Promise<() => Promise<void>>((resolve) => (onReady = resolve));
  if (!inTerminal()) {
    process.on('SIGHUP', () => {
      last = last.then(async (reload) => {
        await reload();
        return reload;
      });
    });
  }
  return ({ reload }) => { onReady(reload); };
}

/** Standard error is the journal of a service; the time is there for those who run it in a terminal. */
function log(text: string): void {
  process.stderr.write(`${new Date().toISOString()} ${text}\n`);
}

function report(error: unknown): number {
  if (!isLonghaulError(error)) {
    const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
    process.stderr.write(`longhaul: ${redact(error instanceof Error ? error.message : String(error))}\n`);
    return isUsage ? 2 : 1;
  }
  process.stderr.write(`longhaul: ${error.message}\n${error.hint === null ? '' : `hint: ${error.hint}\n`}`);
  if (error.code === 'CONFIG' || error.code === 'USAGE') return 2;
  return error.code === 'JOB_CONFLICT' ? 4 : 1;
}
