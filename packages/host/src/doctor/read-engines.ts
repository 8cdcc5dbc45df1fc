import { existsSync } from 'node:fs';
import path from 'node:path';

import { findProgram } from '@longhaul/exec';

import type { Fact } from './doctor-row.ts';
import { known, notKnown } from './doctor-row.ts';
import type { EngineFact, LogLimitFact, RootlessFact } from './engines.ts';
import { parseDaemonLogs, subordinateIds } from './engines.ts';
import type { Machine } from './machine.ts';
import { ask, readText } from './machine.ts';

/** What only an engine that answers can say. podman has no server: a list shows that its storage can be read. */
const QUESTIONS = { podman: ['ps', '--quiet', '--last', '1'], docker: ['version', '--format', '{{.Server.Version}}'] } as const;

/** Whether an engine is there, and whether it answers. */
export async function readEngine(machine: Machine, program: 'podman' | 'docker'): Promise<Fact<EngineFact | null>> {
  const named = await ask(machine, program, ['--version']);
  if (!named.known || named.value === null) return named as Fact<null>;
  const { path: found, stdout } = named.value;
  const version = stdout.trim().split('\n')[0] ?? '';
  const answer = await ask(machine, program, QUESTIONS[program]);
  if (!answer.known) return known({ path: found, version, silence: { why: 'other', evidence: answer.reason } });
  if (answer.value?.exitCode === 0) return known({ path: found, version, silence: null });
  const evidence = (answer.value?.stderr ?? '').trim().split('\n').at(-1)?.slice(0, 300) ?? '';
  return known({ path: found, version, silence: { why: whyOf(evidence), evidence } });
}

function whyOf(evidence: string): NonNullable<EngineFact['silence']>['why'] {
  if (/permission denied/i.test(evidence)) return 'permission';
  return /Cannot connect to the Docker daemon|failed to connect|Is the docker daemon running|no such file or directory|connection refused/i.test(evidence) ? 'not-running' : 'other';
}

/** null where docker is not installed. */
export function readDockerLogs(machine: Machine): Fact<LogLimitFact | null> {
  if (findProgram('docker', machine.env) === null || machine.platform !== 'linux') return known(null);
  const file = 'etc/docker/daemon.json';
  const text = readText(machine, file);
  if (!text.known) return text;
  const limits = parseDaemonLogs(text.value);
  return limits === null ? notKnown(`/${file} is no JSON`) : known(limits);
}

/** null where rootless podman does not come into it. */
export function readRootless(machine: Machine): Fact<RootlessFact | null> {
  if (machine.platform !== 'linux' || machine.uid === 0 || findProgram('podman', machine.env) === null) return known(null);
  const uids = readText(machine, 'etc/subuid');
  const gids = readText(machine, 'etc/subgid');
  if (!uids.known) return uids;
  if (!gids.known) return gids;
  const mappers = ['newuidmap', 'newgidmap'].every((program) => findProgram(program, machine.env) !== null);
  return known({ uids: subordinateIds(uids.value ?? '', machine), gids: subordinateIds(gids.value ?? '', machine), mappers });
}

/** null without an engine, or where the system has no control groups. */
export function readCgroups(machine: Machine): Fact<{ readonly version: 1 | 2; readonly rootless: boolean } | null> {
  const hasEngine = ['podman', 'docker'].some((program) => findProgram(program, machine.env) !== null);
  if (machine.platform !== 'linux' || !hasEngine) return known(null);
  const mounted = path.join(machine.root, 'sys/fs/cgroup');
  if (!existsSync(mounted)) return notKnown('/sys/fs/cgroup is not there');
  return known({ version: existsSync(path.join(mounted, 'cgroup.controllers')) ? 2 : 1, rootless: machine.uid !== 0 });
}
