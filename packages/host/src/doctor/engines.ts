import type { InstallPlatform } from '@longhaul/errors';
import { installHint } from '@longhaul/errors';

import type { DoctorRow, Fact } from './doctor-row.ts';
import { fine, problem, unknownRow, warning } from './doctor-row.ts';

/** One program that runs containers. */
export interface EngineFact {
  readonly path: string;
  readonly version: string;
  /** Why it does not answer; null where it does. */
  readonly silence: { readonly why: 'permission' | 'not-running' | 'other'; readonly evidence: string } | null;
}

/** Both engines, and whether the configuration asks for containers. */
export interface EnginesFact {
  readonly podman: Fact<EngineFact | null>;
  readonly docker: Fact<EngineFact | null>;
  readonly needed: boolean;
}

/** An engine that is there and does not answer makes every listing incomplete; one that is missing is no fault while the other is there. */
export function engineRows({ podman, docker, needed }: EnginesFact, { user, platform }: { readonly user: string; readonly platform: InstallPlatform }): readonly DoctorRow[] {
  const none = podman.known && docker.known && podman.value === null && docker.value === null;
  const answers = [podman, docker].some((fact) => fact.known && fact.value?.silence === null);
  const raise = needed && !answers ? problem : warning;
  const row = (check: 'podman' | 'docker', fact: Fact<EngineFact | null>): DoctorRow => {
    if (!fact.known) return unknownRow(check, fact);
    if (fact.value === null) {
      if (none && check === 'podman') return needed ? problem(check, 'neither podman nor docker is installed, and a session of the configuration needs one', installHint('podman', platform)) : fine(check, 'not installed: sessions in containers need podman or docker');
      return fine(check, 'not installed');
    }
    const { path, version, silence } = fact.value;
    if (silence === null) return fine(check, `${version} (${path})`);
    return raise(check, `${version} (${path}) does not answer: ${silence.evidence}`, fixOf(check, silence.why, user));
  };
  return [row('podman', podman), row('docker', docker)];
}

function fixOf(check: 'podman' | 'docker', why: 'permission' | 'not-running' | 'other', user: string): string {
  if (check === 'podman') return 'podman info';
  if (why === 'permission') return `sudo usermod -aG docker ${user}, then log in again (whoever may use docker is root on this machine)`;
  return why === 'not-running' ? 'sudo systemctl start docker' : 'docker version';
}

/** What docker itself keeps of output: the log options of daemon.json. */
export interface LogLimitFact {
  readonly driver: string | null;
  readonly maxSize: string | null;
  readonly maxFile: string | null;
}

/** `fact.value` is null where docker is not installed. */
export function logLimitRow(fact: Fact<LogLimitFact | null>): DoctorRow | null {
  const check = 'docker-logs';
  const fix = 'in /etc/docker/daemon.json: "log-opts": { "max-size": "50m", "max-file": "3" }, then sudo systemctl restart docker';
  if (!fact.known) return unknownRow(check, fact);
  if (fact.value === null) return null;
  const { driver, maxSize, maxFile } = fact.value;
  if (driver !== null && driver !== 'json-file' && driver !== 'local') return fine(check, `log driver ${driver}; Longhaul sets its own for its containers and keeps their logs itself`);
  if (driver === 'local') return fine(check, `log driver local keeps ${maxSize ?? '20m'} × ${maxFile ?? '5'} of a container made by hand; the logs of sessions are kept by Longhaul`);
  if (maxSize === null) return warning(check, 'json-file without max-size: the log of a container made by hand grows until the disk is full. The logs of sessions are kept by Longhaul', fix);
  if (maxFile === null || maxFile === '1') return warning(check, `json-file with max-size ${maxSize} and one file: older output is lost, and who follows it may miss lines (moby#37646)`, fix);
  return fine(check, `json-file keeps ${maxFile} × ${maxSize} of a container made by hand, older output is lost; the logs of sessions are kept by Longhaul`);
}

/** daemon.json, as far as logs are concerned. An engine without it has docker's defaults. */
export function parseDaemonLogs(text: string | null): LogLimitFact | null {
  if (text === null || text.trim() === '') return { driver: null, maxSize: null, maxFile: null };
  try {
    const raw = JSON.parse(text) as { 'log-driver'?: unknown; 'log-opts'?: Readonly<Record<string, unknown>> } | null;
    const options = raw?.['log-opts'] ?? {};
    return { driver: textOf(raw?.['log-driver']), maxSize: textOf(options['max-size']), maxFile: textOf(options['max-file']) };
  } catch {
    return null;
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}

/** What rootless containers need of the system. */
export interface RootlessFact {
  /** Subordinate ids of this user: the largest range of each file. */
  readonly uids: number;
  readonly gids: number;
  /** newuidmap and newgidmap. */
  readonly mappers: boolean;
}

/** An image of a distribution uses ids up to 65534. */
const ENOUGH_IDS = 65_536;

/** `fact.value` is null where rootless containers do not come into it: no podman, or root. */
export function rootlessRow(fact: Fact<RootlessFact | null>, { user, platform }: { readonly user: string; readonly platform: InstallPlatform }): DoctorRow | null {
  const check = 'subordinate-ids';
  if (!fact.known) return unknownRow(check, fact);
  if (fact.value === null) return null;
  const { uids, gids, mappers } = fact.value;
  if (uids < ENOUGH_IDS || gids < ENOUGH_IDS) {
    const found = `${user} has ${String(uids)} subordinate uids and ${String(gids)} gids; rootless podman needs ${String(ENOUGH_IDS)} of each for most images`;
    return problem(check, found, `sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user} && podman system migrate`);
  }
  if (!mappers) return problem(check, 'newuidmap and newgidmap are missing: rootless podman cannot use the subordinate ids', installHint('uidmap', platform));
  return fine(check, `${String(uids)} uids and ${String(gids)} gids for ${user}`);
}

/** The largest range of a user in /etc/subuid or /etc/subgid: `name:first:count`, by login name or number. */
export function subordinateIds(text: string, { user, uid }: { readonly user: string; readonly uid: number }): number {
  const counts = text.split('\n').flatMap((line) => {
    const [owner, , count] = line.trim().split(':');
    return (owner === user || owner === String(uid)) && count !== undefined && /^\d+$/.test(count) ? [Number(count)] : [];
  });
  return Math.max(0, ...counts);
}

/** Which control groups the kernel offers; null where that does not come into it. */
export function cgroupRow(fact: Fact<{ readonly version: 1 | 2; readonly rootless: boolean } | null>): DoctorRow | null {
  const check = 'cgroups';
  if (!fact.known) return unknownRow(check, fact);
  if (fact.value === null) return null;
  if (fact.value.version === 2) return fine(check, 'version 2');
  if (!fact.value.rootless) return fine(check, 'version 1: limits of memory and processors hold for containers of root');
  return warning(check, 'version 1: limits of memory and processors do not hold for rootless containers', 'boot with systemd.unified_cgroup_hierarchy=1');
}
