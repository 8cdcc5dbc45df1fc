import { SessionConfigError } from '@longhaul/errors';
import type { ContainerSpec, EnvEntry, PortMapping, RunDirectory, SessionSpec, VolumeMount } from '@longhaul/sessions';

import { ownerLabels } from './owner-labels.ts';
import type { EngineFacts } from './probe.ts';

/** Where the files of one creation are. */
export interface CreateFiles {
  /** Written by the engine; must not exist. */
  readonly cidFile: string;
  /** Where {@link CreatePlan.envFileText} is to be written, 0600, before the call. */
  readonly envFile: string;
  /** Where the container's log goes, for drivers that write to a file of ours (podman's k8s-file). */
  readonly logFile: string;
  /** Folder of the run that `logVolume` of the spec shows. */
  readonly logVolumeDir: string;
}

/** Everything that one `create` needs. No value of a variable stands in `args`. */
export interface CreatePlan {
  /** After the program: `create --name … image command…`. */
  readonly args: readonly string[];
  /** Variables that a file can carry, one `NAME=value` per line. */
  readonly envFileText: string;
  /** Variables whose values no file can carry (a newline, a carriage return, no UTF-8, more than 60 KB): `-e NAME` in `args`, the value in the client's environment. */
  readonly clientEnv: readonly EnvEntry[];
}

/** What {@link createPlan} is made from. */
export interface CreateRequest {
  readonly spec: SessionSpec;
  readonly run: RunDirectory;
  /** Name of the container. */
  readonly containerName: string;
  readonly files: CreateFiles;
  readonly engine: EngineFacts;
}

/** More than this in one line of an env file is refused by podman. */
const MAX_FILE_VALUE = 60_000;

/**
 * The call that makes the container of a run (never `run`, never `--rm`).
 *
 * @throws SessionConfigError for an image, a path or a variable that the engine could not be handed safely
 */
export function createPlan({ spec, run, containerName, files, engine }: CreateRequest): CreatePlan {
  const { container } = spec;
  if (container === null) throw new SessionConfigError(`session "${spec.name}" names no image`);
  if (container.image.startsWith('-') || container.image === '') throw new SessionConfigError(`${JSON.stringify(container.image)} is no name of an image`);
  const names = new Set(container.envNames);
  const entries = spec.env.filter(({ name }) => names.has(name));
  const [inFile, inClient] = [entries.filter(fitsFile), entries.filter((entry) => !fitsFile(entry))];
  refuseSteering(inClient);
  const args = [
    ...['create', '--name', containerName, '--cidfile', files.cidFile, '--pull', 'never', '--restart', 'no'],
    ...Object.entries(ownerLabels(run)).flatMap(([label, value]) => ['--label', `${label}=${value}`]),
    ...['--env-file', files.envFile],
    ...inClient.flatMap(({ name }) => ['--env', name]),
    ...logArgs(files, engine),
    // podman would hand the caller's proxies to the job, passwords in their addresses included.
    ...(engine.server === 'podman' && engine.runtime === 'podman' ? ['--http-proxy=false'] : []),
    ...(container.init === 'auto' && engine.init === 'yes' ? ['--init'] : []),
    ...terminalArgs(container, engine),
    ...mountArgs(container, files),
    ...container.ports.flatMap((port) => ['--publish', formatPort(port)]),
    ...(container.network === null ? [] : ['--network', container.network]),
    ...(container.workingDir === null ? [] : ['--workdir', container.workingDir]),
    ...(container.memoryBytes === null ? [] : memoryArgs(container.memoryBytes)),
    ...(container.cpus === null ? [] : ['--cpus', String(container.cpus)]),
    container.image,
    ...spec.command,
  ];
  return { args, envFileText: inFile.map(({ name, value }) => `${name}=${value}\n`).join(''), clientEnv: inClient };
}

/** The engines drop a carriage return at the end of a line and refuse names with blanks; podman takes `*` at the end of a name for a pattern. */
function fitsFile({ name, value }: EnvEntry): boolean {
  return /^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name) && !/[\r\n\uFFFD]/.test(value) && Buffer.byteLength(value) <= MAX_FILE_VALUE;
}

/** Variables that the engine's own client obeys: with the job's value it would run other programs, or ask another engine. */
const STEERING = /^(?:PATH|HOME|TMPDIR|LC_.*|LANG|TZ|LD_.*|GODEBUG|GOGC|GOMAXPROCS|GOMEMLIMIT|GOTRACEBACK|DBUS_.*|REGISTRY_AUTH_FILE|_?(?:XDG|DOCKER|CONTAINERS?|PODMAN|STORAGE|BUILDAH|REGISTRIES|NETAVARK|SSL_CERT)_.*|(?:HTTPS?|NO|ALL|FTP)_PROXY)$/i;

function refuseSteering(entries: readonly EnvEntry[]): void {
  const steering = entries.find(({ name }) => STEERING.test(name));
  if (steering === undefined) return;
  throw new SessionConfigError(`the value of ${steering.name} has a line break or is longer than ${String(MAX_FILE_VALUE)} bytes, which cannot be handed to a container under this name`, { hint: 'Use another name and set this one inside the container' });
}

/** The same for memory and swap together: a container that may swap past its limit is not ended by it. */
function memoryArgs(bytes: number): readonly string[] {
  const limit = `${String(bytes)}b`;
  return ['--memory', limit, '--memory-swap', limit];
}

/**
 * No limit, said aloud: podman cuts a file that reaches one, and docker drops the oldest. docker's `local`, because its `json-file` replaces
 * every byte that is no UTF-8.
 */
function logArgs({ logFile }: CreateFiles, { server }: EngineFacts): readonly string[] {
  if (server === 'podman') return ['--log-driver', 'k8s-file', '--log-opt', `path=${logFile}`, '--log-opt', 'max-size=1000g'];
  return ['--log-driver', 'local', '--log-opt', 'max-size=1000g', '--log-opt', 'max-file=1', '--log-opt', 'compress=false'];
}

/** docker closes the container's stdin when the first who attached leaves, unless `create` attaches something else. */
function terminalArgs({ terminal }: ContainerSpec, { server }: EngineFacts): readonly string[] {
  if (terminal === 'no') return [];
  return ['--tty', '--interactive', ...(server === 'docker' ? ['--attach', 'stdout'] : [])];
}

function mountArgs({ volumes, logVolume }: ContainerSpec, { logVolumeDir }: CreateFiles): readonly string[] {
  const all = [...volumes, ...(logVolume === null ? [] : [{ source: logVolumeDir, target: logVolume, mode: 'rw' as const }])];
  return all.flatMap(({ source, target, mode }) => ['--mount', formatMount({ source, target, mode })]);
}

/** `--mount`, not `-v`: docker would make a missing folder, as root. Its fields are CSV, so that a path may hold anything but a newline. */
function formatMount({ source, target, mode }: VolumeMount): string {
  const type = source.startsWith('/') ? 'bind' : 'volume';
  const fields = [`type=${type}`, `source=${source}`, `target=${target}`, ...(mode === 'ro' ? ['ro=true'] : [])];
  if (/[\r\n]/.test(source) || /[\r\n]/.test(target)) throw new SessionConfigError(`the volume ${JSON.stringify(source)} has a newline in its path`, { hint: 'Rename it' });
  return fields.map((field) => (/[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',');
}

function formatPort({ hostAddress, hostPort, containerPort, protocol }: PortMapping): string {
  const address = hostAddress.includes(':') ? `[${hostAddress}]` : hostAddress;
  return `${address}:${String(hostPort)}:${String(containerPort)}/${protocol}`;
}
