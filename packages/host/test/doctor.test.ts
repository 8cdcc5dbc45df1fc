import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { systemRunner } from '@longhaul/exec';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Fact } from '../src/doctor/doctor-row.ts';
import { known, notKnown } from '../src/doctor/doctor-row.ts';
import type { EngineFact } from '../src/doctor/engines.ts';
import { cgroupRow, engineRows, logLimitRow, parseDaemonLogs, rootlessRow, subordinateIds } from '../src/doctor/engines.ts';
import { hookRow, limitRows, localeRow, parseLimits } from '../src/doctor/environment.ts';
import { logoutRows, parseLogindSettings } from '../src/doctor/logout.ts';
import type { Machine } from '../src/doctor/machine.ts';
import type { ProgramFact } from '../src/doctor/programs.ts';
import { scriptRow, syncProgramRow, tmuxRow } from '../src/doctor/programs.ts';
import { readCgroups, readDockerLogs, readEngine, readRootless } from '../src/doctor/read-engines.ts';
import { readLogout } from '../src/doctor/read-logout.ts';
import { readProgram, readScript } from '../src/doctor/read-programs.ts';
import { readStateFolder } from '../src/doctor/read-state-folder.ts';
import { serversRow, socketPathRow } from '../src/doctor/sockets.ts';
import type { StateFolderFact } from '../src/doctor/state-folder.ts';
import { fileSystemOf, stateFolderRows } from '../src/doctor/state-folder.ts';
import { isAtLeast, versionIn } from '../src/doctor/versions.ts';
import { scratch } from './scratch.ts';

const program = (version: string): Fact<ProgramFact> => known({ path: '/usr/bin/x', version });
const NONE = known(null);
const HIDDEN = notKnown('it did not answer within 10 s');

describe('programs', () => {
  it.each([
    ['tmux 3.3a', 'ok'],
    ['tmux next-3.7', 'ok'],
    ['tmux master', 'ok'],
    ['tmux 3.1c', 'warning'],
    ['tmux 2.9', 'problem'],
  ])('%s is %s', (version, state) => {
    expect(tmuxRow(program(version), 'debian')).toMatchObject({ check: 'tmux', state });
  });

  it('that are missing come with the line that installs them, and what could not be told is unknown', () => {
    expect(tmuxRow(NONE, 'debian')).toEqual({ check: 'tmux', state: 'problem', found: 'it is not installed: sessions need it', fix: 'sudo apt-get install tmux' });
    expect(tmuxRow(HIDDEN, 'debian')).toEqual({ check: 'tmux', state: 'unknown', found: HIDDEN.reason, fix: null });
    expect(scriptRow(NONE, 'linux', 'alpine')).toMatchObject({ state: 'problem', fix: 'sudo apk add util-linux-misc' });
  });

  it.each([
    [{ version: 'script from util-linux 2.38.1', form: 'util-linux', works: true }, 'linux', 'ok'],
    [{ version: 'script from util-linux 2.34', form: 'util-linux', works: true }, 'linux', 'problem'],
    [{ version: 'BusyBox v1.35', form: 'other', works: true }, 'linux', 'problem'],
    [{ version: 'script from util-linux 2.38.1', form: 'util-linux', works: false }, 'linux', 'problem'],
    [{ version: 'script', form: 'bsd', works: true }, 'darwin', 'warning'],
  ] as const)('script %j on %s is %s', (fact, platform, state) => {
    expect(scriptRow(known({ path: '/usr/bin/script', ...fact }), platform, 'debian').state).toBe(state);
  });

  it('of sync matter where a destination needs them', () => {
    expect(syncProgramRow({ program: 'rsync', fact: NONE, needed: true }, 'debian')).toMatchObject({ state: 'problem', fix: 'sudo apt-get install rsync' });
    expect(syncProgramRow({ program: 'rsync', fact: NONE, needed: false }, 'debian').state).toBe('ok');
    expect(syncProgramRow({ program: 'rsync', fact: program('openrsync: protocol version 29'), needed: true }, 'macos').state).toBe('problem');
    expect(syncProgramRow({ program: 'rsync', fact: program('rsync  version 3.0.9  protocol version 30'), needed: false }, 'debian').state).toBe('warning');
    expect(syncProgramRow({ program: 'rsync', fact: program('rsync  version 3.5.0  protocol version 32'), needed: true }, 'debian').state).toBe('ok');
    expect(syncProgramRow({ program: 'ssh', fact: HIDDEN, needed: true }, 'debian').state).toBe('unknown');
  });

  it('have versions that compare by numbers', () => {
    expect(versionIn('tmux 3.3a')).toEqual([3, 3]);
    expect(versionIn('none')).toBeNull();
    fc.assert(
      fc.property(fc.array(fc.nat(40), { minLength: 1, maxLength: 4 }), fc.array(fc.nat(40), { minLength: 1, maxLength: 4 }), (a, b) => {
        const weigh = (parts: readonly number[]): number => [0, 1, 2, 3].reduce((sum, index) => sum * 100 + (parts[index] ?? 0), 0);
        expect(isAtLeast(a, b)).toBe(weigh(a) >= weigh(b));
      }),
    );
  });
});

describe('containers', () => {
  const engine: EngineFact = { path: '/usr/bin/podman', version: 'podman version 4.3.1', silence: null };
  const silent = (why: 'permission' | 'not-running' | 'other'): EngineFact => ({ ...engine, silence: { why, evidence: 'it said so' } });
  const states = (facts: Parameters<typeof engineRows>[0]): readonly string[] => engineRows(facts, { user: 'lab', platform: 'debian' }).map(({ state }) => state);

  it('need one engine that answers, and only where a session asks for one', () => {
    expect(states({ podman: known(engine), docker: NONE, needed: true })).toEqual(['ok', 'ok']);
    expect(states({ podman: NONE, docker: NONE, needed: false })).toEqual(['ok', 'ok']);
    expect(states({ podman: NONE, docker: NONE, needed: true })).toEqual(['problem', 'ok']);
    expect(states({ podman: known(engine), docker: known(silent('not-running')), needed: true })).toEqual(['ok', 'warning']);
    expect(states({ podman: NONE, docker: known(silent('permission')), needed: true })).toEqual(['ok', 'problem']);
    expect(states({ podman: HIDDEN, docker: NONE, needed: true })).toEqual(['unknown', 'ok']);
  });

  it.each([
    ['permission', /usermod -aG docker lab/],
    ['not-running', /systemctl start docker/],
  ] as const)('docker that does not answer (%s) has its fix', (why, fix) => {
    const [, docker] = engineRows({ podman: NONE, docker: known(silent(why)), needed: false }, { user: 'lab', platform: 'debian' });
    expect(docker?.fix).toMatch(fix);
  });

  it.each([
    [null, 'warning'],
    ['{}', 'warning'],
    ['{ "log-opts": { "max-size": "10m" } }', 'warning'],
    ['{ "log-opts": { "max-size": "10m", "max-file": 3 } }', 'ok'],
    ['{ "log-driver": "journald" }', 'ok'],
    ['{ "log-driver": "local" }', 'ok'],
  ])('daemon.json %j: %s', (text, state) => {
    expect(logLimitRow(known(parseDaemonLogs(text)))?.state).toBe(state);
  });

  it('of no engine have no row about logs, ids or control groups', () => {
    expect([logLimitRow(NONE), rootlessRow(NONE, { user: 'lab', platform: 'debian' }), cgroupRow(NONE)]).toEqual([null, null, null]);
    expect(parseDaemonLogs('{ broken')).toBeNull();
  });

  it('without root need subordinate ids', () => {
    const row = (fact: { uids: number; gids: number; mappers: boolean }): unknown => rootlessRow(known(fact), { user: 'lab', platform: 'debian' });
    expect(row({ uids: 65_536, gids: 65_536, mappers: true })).toMatchObject({ state: 'ok' });
    expect(row({ uids: 0, gids: 65_536, mappers: true })).toMatchObject({ state: 'problem', fix: expect.stringContaining('--add-subuids 100000-165535') as string });
    expect(row({ uids: 65_536, gids: 65_536, mappers: false })).toMatchObject({ state: 'problem', fix: 'sudo apt-get install uidmap' });
    expect(subordinateIds('root:1:9\nlab:100000:65536\n1000:300000:131072\nlab:broken\n', { user: 'lab', uid: 1000 })).toBe(131_072);
    expect(subordinateIds('', { user: 'lab', uid: 1000 })).toBe(0);
  });
});

describe('logout', () => {
  const lab = { uid: 1000, user: 'lab' };
  const rows = (linger: boolean, killUserProcesses: boolean | null, excluded = false): readonly string[] => logoutRows(known({ linger, killUserProcesses, excluded }), lab).map(({ state }) => state);

  it('kills jobs or does not, and says what helps', () => {
    expect(rows(true, false)).toEqual(['ok', 'ok']);
    expect(rows(false, false)).toEqual(['warning', 'ok']);
    expect(rows(true, true)).toEqual(['ok', 'problem']);
    expect(rows(true, true, true)).toEqual(['ok', 'ok']);
    expect(rows(true, null)).toEqual(['ok', 'unknown']);
    expect(logoutRows(known({ linger: false, killUserProcesses: true, excluded: false }), lab).every(({ fix }) => fix?.includes('loginctl enable-linger lab'))).toBe(true);
    expect(logoutRows(NONE, lab)).toMatchObject([{ state: 'ok' }]);
    expect(logoutRows(HIDDEN, lab)).toMatchObject([{ state: 'unknown' }]);
  });

  it('is configured by a file and drop-ins, of which the last one wins', () => {
    expect(parseLogindSettings([])).toEqual({ kill: null, exclude: ['root'], only: [] });
    expect(parseLogindSettings(['[Login]\n#KillUserProcesses=yes\nKillExcludeUsers=root lab\n', 'KillUserProcesses=yes\n', 'KillUserProcesses = no\nKillOnlyUsers=a b'])).toEqual({ kill: false, exclude: ['root', 'lab'], only: ['a', 'b'] });
  });
});

describe('places', () => {
  const good: StateFolderFact = { path: '/state', exists: true, isDirectory: true, owner: 1000, mode: 0o700, writable: true, fileSystem: 'ext4', isNetwork: false, freeBytes: 5e9, freeFiles: 100_000 };
  const states = (changes: Partial<StateFolderFact>): readonly string[] => stateFolderRows(known({ ...good, ...changes }), 1000).map(({ state }) => state);

  it.each([
    [{}, ['ok', 'ok', 'ok']],
    [{ exists: false }, ['ok', 'ok', 'ok']],
    [{ exists: false, writable: false }, ['problem', 'ok', 'ok']],
    [{ isDirectory: false }, ['problem', 'ok', 'ok']],
    [{ owner: 1 }, ['problem', 'ok', 'ok']],
    [{ writable: false }, ['problem', 'ok', 'ok']],
    [{ mode: 0o755 }, ['warning', 'ok', 'ok']],
    [fileSystemOf(0x6969), ['ok', 'problem', 'ok']],
    [fileSystemOf(-11_317_950), ['ok', 'problem', 'ok']],
    [fileSystemOf(12345), ['ok', 'unknown', 'ok']],
    [{ freeBytes: 5e8 }, ['ok', 'ok', 'warning']],
    [{ freeBytes: 1e6 }, ['ok', 'ok', 'problem']],
    [{ freeFiles: 10 }, ['ok', 'ok', 'warning']],
  ])('a state directory %j is %j', (changes, expected) => {
    expect(states(changes)).toEqual(expected);
  });

  it('for sockets are short enough, in bytes', () => {
    expect(socketPathRow({ what: 'tmux', path: `/${'x'.repeat(106)}` }, 'linux').state).toBe('ok');
    expect(socketPathRow({ what: 'tmux', path: `/${'x'.repeat(107)}` }, 'linux')).toMatchObject({ state: 'problem', fix: expect.stringContaining('TMUX_TMPDIR') as string });
    expect(socketPathRow({ what: 'server', path: `/${'é'.repeat(52)}` }, 'darwin')).toMatchObject({ check: 'server-socket-path', state: 'problem' });
  });

  it('of tmux servers are told, and one that cannot be asked is a warning', () => {
    expect(serversRow(known({ listening: ['default', 'longhaul'], left: ['old'], unknown: [] }))).toMatchObject({ state: 'ok', found: expect.stringContaining('default, longhaul') as string });
    expect(serversRow(known({ listening: [], left: [], unknown: ['odd'] })).state).toBe('warning');
    expect(serversRow(HIDDEN).state).toBe('unknown');
  });
});

describe('the environment', () => {
  it.each([
    [{ LANG: 'de_DE.UTF-8' }, 'ok'],
    [{ LANG: 'en_US.utf8' }, 'ok'],
    [{ LANG: 'de_DE.UTF-8', LC_ALL: 'C' }, 'warning'],
    [{ LC_ALL: '', LC_CTYPE: 'C.UTF-8' }, 'ok'],
    [{}, 'warning'],
  ])('locale %j is %s', (env, state) => {
    expect(localeRow(env, 'linux').state).toBe(state);
  });

  it('has limits that jobs inherit', () => {
    const text = 'Limit                     Soft Limit           Hard Limit           Units     \nMax processes             unlimited            96365                processes \nMax open files            256                  1048576              files     \n';
    expect(parseLimits(text)).toEqual({ openFiles: 256, processes: null });
    expect(parseLimits('nothing')).toBeNull();
    expect(limitRows(known({ openFiles: 256, processes: null })).map(({ state }) => state)).toEqual(['warning', 'ok']);
    expect(limitRows(known({ openFiles: null, processes: 100 })).map(({ state }) => state)).toEqual(['ok', 'warning']);
    expect(limitRows(HIDDEN).map(({ state }) => state)).toEqual(['unknown', 'unknown']);
  });

  it.each([
    [null, 'warning'],
    [{ argv: ['/usr/bin/node', '/opt/longhaul/main.js'], missing: [] }, 'ok'],
    [{ argv: ['/usr/bin/node', '/gone'], missing: ['/gone'] }, 'problem'],
    [{ argv: ['/usr/bin/node', '/home/lab/.npm/_npx/ab12/node_modules/longhaul/dist/main.js'], missing: [] }, 'warning'],
  ])('the hook %j is %s', (hook, state) => {
    expect(hookRow(hook).state).toBe(state);
  });
});

/** A machine of the test's own: files below a folder, programs that are scripts. */
function machine(files: Readonly<Record<string, string>>, programs: Readonly<Record<string, string>> = {}): Machine & { readonly folder: string } {
  const folder = scratch();
  const bin = path.join(folder, 'bin');
  mkdirSync(bin);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  for (const [name, text] of Object.entries(programs)) writeFileSync(path.join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return { folder, runner: systemRunner(), env: { PATH: bin }, root: folder, platform: 'linux', uid: 1000, user: 'lab' };
}

describe('what is read', () => {
  it('of programs is what they say; one that is not there is null', async () => {
    const here = machine({}, { tmux: 'echo tmux 3.4', ssh: 'echo OpenSSH_9.2p1 >&2', script: 'case $1 in --version) echo script from util-linux 2.38;; *) exit 7;; esac' });
    expect(await readProgram(here, 'tmux', ['-V'])).toMatchObject({ known: true, value: { version: 'tmux 3.4', path: path.join(here.folder, 'bin/tmux') } });
    expect(await readProgram(here, 'ssh', ['-V'])).toMatchObject({ value: { version: 'OpenSSH_9.2p1' } });
    expect(await readProgram(here, 'rsync', ['--version'])).toEqual({ known: true, value: null });
    expect(await readScript(here)).toMatchObject({ value: { form: 'util-linux', works: true } });
    expect(await readScript(machine({}, { script: 'echo "script: unrecognized option" >&2; exit 1' }))).toMatchObject({ value: { form: 'other', works: false } });
    expect(await readScript(machine({}, { script: 'kill -9 $$' }))).toMatchObject({ known: false });
  });

  it.each([
    ['case $1 in --version) echo Docker version 28;; *) echo 28;; esac', null],
    ['case $1 in --version) echo Docker version 28;; *) echo "permission denied while trying to connect" >&2; exit 1;; esac', 'permission'],
    ['case $1 in --version) echo Docker version 28;; *) echo "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?" >&2; exit 1;; esac', 'not-running'],
    ['case $1 in --version) echo Docker version 28;; *) echo "something else" >&2; exit 1;; esac', 'other'],
  ])('of an engine is whether it answers: %s', async (script, why) => {
    const fact = await readEngine(machine({}, { docker: script }), 'docker');
    expect(fact).toMatchObject({ known: true, value: { version: 'Docker version 28' } });
    expect(fact.known ? (fact.value?.silence?.why ?? null) : undefined).toBe(why);
  });

  it('of logout comes from loginctl and the bus, else from the files that logind itself reads', async () => {
    const systemd = { 'run/systemd/system/x': '', 'etc/systemd/logind.conf': '[Login]\n#KillUserProcesses=no\n' };
    expect(await readLogout(machine({}))).toEqual({ known: true, value: null });
    expect(await readLogout(machine(systemd))).toEqual({ known: true, value: { linger: false, killUserProcesses: null, excluded: false } });
    const files = { ...systemd, 'var/lib/systemd/linger/lab': '', 'etc/systemd/logind.conf.d/50-lab.conf': 'KillUserProcesses=yes', 'run/systemd/logind.conf.d/50-lab.conf': 'KillUserProcesses=no' };
    expect(await readLogout(machine(files, { loginctl: 'exit 1' }))).toEqual({ known: true, value: { linger: true, killUserProcesses: true, excluded: false } });
    const asked = { loginctl: 'echo Linger=no', busctl: 'echo b false' };
    expect(await readLogout(machine(files, asked))).toEqual({ known: true, value: { linger: false, killUserProcesses: false, excluded: false } });
  });

  it('of containers comes from the files of the system', () => {
    const files = { 'etc/subuid': 'lab:100000:65536\n', 'etc/subgid': '', 'sys/fs/cgroup/cgroup.controllers': 'cpu', 'etc/docker/daemon.json': '{"log-driver": 7' };
    const here = machine(files, { podman: '', docker: '', newuidmap: '' });
    expect(readRootless(here)).toEqual({ known: true, value: { uids: 65_536, gids: 0, mappers: false } });
    expect(readCgroups(here)).toEqual({ known: true, value: { version: 2, rootless: true } });
    expect(readDockerLogs(here)).toMatchObject({ known: false });
    expect(readRootless({ ...here, uid: 0 })).toEqual({ known: true, value: null });
    expect(readCgroups(machine(files))).toEqual({ known: true, value: null });
  });

  it('of the state directory makes nothing', () => {
    const folder = scratch();
    const state = path.join(folder, 'a/b/state');
    expect(readStateFolder(state, 'linux')).toMatchObject({ known: true, value: { exists: false, isDirectory: true, writable: true } });
    expect(readStateFolder(folder, 'linux')).toMatchObject({ known: true, value: { exists: true, mode: 0o700 } });
    writeFileSync(path.join(folder, 'file'), '');
    expect(readStateFolder(path.join(folder, 'file'), 'linux')).toMatchObject({ known: true, value: { isDirectory: false } });
    symlinkSync('loop', path.join(folder, 'loop'));
    expect(readStateFolder(path.join(folder, 'loop'), 'linux')).toMatchObject({ known: false });
  });
});
