// Packs every public package, installs the tarballs into an empty folder with plain npm, imports each, and runs the program:
// what a user gets, not what the workspace sees.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
}

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'longhaul-packed-'));
try {
  const packages = publicPackages();
  const tarballs = packages.map(({ path }) => pack(path));
  install(tarballs);
  importAll(packages.map(({ name }) => name).filter((name) => name !== 'longhaul'));
  const help = execFileSync(join(folder, 'app/node_modules/.bin/longhaul'), ['--help'], { encoding: 'utf8', cwd: join(folder, 'app') });
  if (!help.includes('longhaul start')) throw new Error(`longhaul --help shows no example:\n${help}`);
  mainJob();
  console.log(`packed, installed and imported ${String(packages.length)} packages; longhaul --help answers; a job's output arrived, proven`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function publicPackages(): readonly { readonly path: string; readonly name: string }[] {
  return ['packages', 'apps']
    .flatMap((kind) => readdirSync(join(root, kind)).map((name) => join(root, kind, name)))
    .filter((path) => existsSync(join(path, 'package.json')))
    .map((path) => ({ path, manifest: JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Manifest }))
    .filter(({ manifest }) => manifest.private !== true)
    .map(({ path, manifest }) => ({ path, name: manifest.name }));
}

function pack(path: string): string {
  const out = join(folder, 'tarballs');
  mkdirSync(out, { recursive: true });
  const before = new Set(readdirSync(out));
  execFileSync('npx', ['-y', 'pnpm@12.21.0', 'pack', '--pack-destination', out], { cwd: path, stdio: ['ignore', 'ignore', 'inherit'] });
  const made = readdirSync(out).find((file) => !before.has(file));
  if (made === undefined) throw new Error(`pnpm pack made no tarball in ${path}`);
  return join(out, made);
}

function install(tarballs: readonly string[]): void {
  const app = join(folder, 'app');
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
  // vitest is a peer of the conformance suites: its users bring it.
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...tarballs], { cwd: app, stdio: 'inherit' });
}

function importAll(names: readonly string[]): void {
  const lines = names.map((name) => `const m${String(names.indexOf(name))} = await import('${name}'); if (Object.keys(m${String(names.indexOf(name))}).length === 0) throw new Error('${name} exports nothing');`);
  // The suites of conformance only run inside vitest: there the import itself is the test.
  const plain = lines.filter((line) => !line.includes('@longhaul/conformance'));
  execFileSync(process.execPath, ['--input-type=module', '-e', plain.join('\n')], { cwd: join(folder, 'app'), stdio: 'inherit' });
}

/** The main job with what was installed: threads, native code and programs are found from a bundle, too. */
function mainJob(): void {
  const cwd = join(folder, 'job');
  mkdirSync(join(cwd, 'disk'), { recursive: true });
  writeFileSync(join(cwd, 'longhaul.yaml'), JSON.stringify({ tmux: { socket: join(cwd, 'tmux.sock') }, destinations: { disk: { type: 'local', path: './disk' } } }));
  const env = { ...process.env, LONGHAUL_STATE_DIR: join(cwd, 'state') };
  const longhaul = (...args: readonly string[]): string => execFileSync(join(folder, 'app/node_modules/.bin/longhaul'), args, { cwd, env, encoding: 'utf8' });
  try {
    longhaul('run', 'packed', '--output', 'out', '--to', 'disk', '--', 'sh', '-c', 'mkdir -p out && echo result > out/file');
    longhaul('sync', 'work', '--drain');
    const { data } = JSON.parse(longhaul('sync', 'list', '--json')) as { readonly data: { readonly jobs: readonly { readonly state: string }[] } };
    const states = data.jobs.map(({ state }) => state).join(' ');
    if (states !== 'VERIFIED') throw new Error(`the output of a job should be VERIFIED at its destination; it is: ${states}`);
  } finally {
    spawnSync('tmux', ['-S', join(cwd, 'tmux.sock'), 'kill-server'], { stdio: 'ignore' });
  }
}
