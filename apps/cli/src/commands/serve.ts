import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { replaceProcess } from '@longhaul/exec';

import type { Cli } from '../cli-context.ts';
import type { CommandModule } from '../command-module.ts';

export const serve: CommandModule = {
  usage: '[options]',
  about:
    'Works on the queue, puts outputs of ended runs into it, and answers read-only JSON on a unix socket (0600) in the state directory: /healthz, /api/v1/sessions, /api/v1/jobs. Nothing listens on the network. SIGTERM lets it end in order, SIGHUP makes it read the configuration again (from a terminal: end); sessions and transfers survive whatever ends it.',
  examples: [
    { line: 'longhaul serve', text: 'in the foreground, as a service manager wants it' },
    { line: 'curl --unix-socket ~/.local/state/longhaul/server/longhaul.sock http://localhost/healthz', text: 'ask it' },
  ],
  operands: { min: 0, max: 0 },
  run: async (cli) => await replaceProcess({ program: process.execPath, args: [...process.execArgv, serverProgram(), ...globals(cli)] }),
};

/** The server is a program of its own; apps do not import one another. */
function serverProgram(): string {
  const manifest = createRequire(import.meta.url).resolve('@longhaul/server/package.json');
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: Readonly<Record<string, string>> };
  const fromSource = process.execArgv.some((argument) => argument.includes('@longhaul/source'));
  return path.join(path.dirname(manifest), fromSource ? 'src/main.ts' : (bin['longhaul-server'] ?? ''));
}

function globals({ configFile, stateDir, tmuxSocket }: Cli): readonly string[] {
  const pairs = [['--config', configFile], ['--state-dir', stateDir], ['--tmux-socket', tmuxSocket]] as const;
  return pairs.flatMap(([flag, value]) => (value === undefined ? [] : [flag, value]));
}
