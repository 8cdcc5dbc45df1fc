// `pnpm demo`: the main job with the embedded defaults (tmux, SQLite, a mounted folder as destination). Everything it makes lies in
// demo-output/, nothing goes on running when it ends, also after Ctrl-C.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEMO_SERVICES, ensureServices, runOrExit } from './services.ts';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'demo-output');
const program = join(root, 'apps/cli/dist/main.js');
const nas = join(folder, 'nas');
// A unix socket's path may have 107 bytes; a clone that lies deep gets its socket elsewhere, removed at the end.
const socketFolder = Buffer.byteLength(folder) < 90 ? folder : mkdtempSync(join(tmpdir(), 'longhaul-demo-'));
const socket = join(socketFolder, 'tmux.sock');
const env = { ...process.env, LONGHAUL_STATE_DIR: join(folder, 'state'), NODE_NO_WARNINGS: '1' };

if (ensureServices(DEMO_SERVICES).length > 0) process.exit(5);
runOrExit('turbo', ['run', 'build', '--filter=longhaul...', '--output-logs=errors-only', '--no-update-notifier']);
prepare();
// Ctrl-C reaches the command that runs, too; this process stays to tidy up.
const ctrlC = new AbortController();
process.on('SIGINT', () => {
  ctrlC.abort();
});
let code = 1;
try {
  code = await demo();
} finally {
  if (code !== 0) giveUp();
  tidyUp();
}
process.exitCode = ctrlC.signal.aborted ? 130 : code;

function prepare(): void {
  tidyUp();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(nas, { recursive: true });
  const config = { tmux: { socket }, destinations: { nas: { type: 'local', path: nas } } };
  // JSON is YAML: the paths of any clone are quoted rightly.
  writeFileSync(join(folder, 'longhaul.yaml'), `${JSON.stringify(config, null, 2)}\n`);
}

async function demo(): Promise<number> {
  say('A job in a durable session: it renders 300 pictures for ten seconds. Its folder "frames" is to end up at "nas".');
  const job = ['--', process.execPath, join(root, 'scripts/demo-job.mjs'), 'frames'];
  if ((await longhaul('run', 'mandelbrot', '--output', 'frames', '--to', 'nas', ...job)) !== 0) return 1;
  say('The job has ended. What it wrote is sealed, copied, hashed at the destination and compared with the seal:');
  // A worker that the end of the job started may be at it already; this waits until nothing is left to do.
  if ((await longhaul('sync', 'work', '--drain')) !== 0) return 1;
  if ((await longhaul('sync', 'list')) !== 0) return 1;
  const result = publishedResult();
  say('The destination can be checked with a tool that knows nothing of Longhaul:');
  console.log(`$ cd ${result} && sha256sum --quiet -c .longhaul/checksums.sha256`);
  execFileSync('sha256sum', ['--quiet', '-c', '.longhaul/checksums.sha256'], { cwd: result, stdio: 'inherit' });
  console.log(`all ${String(readdirSync(result).length - 1)} files match`);
  say('Exit code and log stay after the session has ended:');
  await longhaul('history');
  await longhaul('logs', 'mandelbrot', '-n', '2');
  whatNext(result);
  return 0;
}

function publishedResult(): string {
  const session = join(nas, 'mandelbrot');
  const run = existsSync(session) ? readdirSync(session).at(-1) : undefined;
  if (run === undefined) throw new Error(`nothing was published below ${session}`);
  return join(session, run, 'frames');
}

/** Runs the built program in the demo's folder, with the terminal's own streams; shows the line first. */
async function longhaul(...args: readonly string[]): Promise<number> {
  console.log(`$ longhaul ${args.map((arg) => (arg === process.execPath ? 'node' : arg)).join(' ')}`);
  const child = spawn(process.execPath, [program, ...args], { cwd: folder, env, stdio: 'inherit' });
  const [exitCode] = (await once(child, 'exit')) as [number | null];
  if (ctrlC.signal.aborted) return 130;
  if (exitCode !== 0) console.error(`longhaul ${args[0] ?? ''} ended with ${String(exitCode)}`);
  return exitCode ?? 1;
}

function whatNext(result: string): void {
  say('What you would do next:');
  console.log(`  the pictures, the checksums and the receipt (.longhaul/longhaul.json) are in
    ${result}
  write a longhaul.yaml with your own destination, for example over ssh:
    destinations:
      nas: { type: rsync_ssh, target: lab@nas, path: /volume1/lab }
  then: longhaul start NAME --output DIR --to nas -- YOUR COMMAND
  and:  longhaul --help`);
}

function say(text: string): void {
  console.log(`\n== ${text}`);
}

/** After Ctrl-C or a failure: the job and the worker that its end started are ended too. */
function giveUp(): void {
  quietly('stop', 'mandelbrot', '--force');
  const listed = JSON.parse(quietly('sync', 'list', '--json') || '{"data":{"jobs":[]}}') as { readonly data: { readonly jobs: readonly { readonly id: string }[] } };
  for (const { id } of listed.data.jobs) quietly('sync', 'cancel', id, '--yes');
}

function quietly(...args: readonly string[]): string {
  return spawnSync(process.execPath, [program, ...args], { cwd: folder, env, encoding: 'utf8' }).stdout;
}

/** Ends the demo's tmux server, which may have ended already. */
function tidyUp(): void {
  if (existsSync(socket)) spawnSync('tmux', ['-S', socket, 'kill-server'], { stdio: 'ignore' });
  if (socketFolder !== folder) rmSync(socketFolder, { recursive: true, force: true });
}
