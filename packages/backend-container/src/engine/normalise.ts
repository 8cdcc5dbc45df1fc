import type { ContainerRuntime } from '@longhaul/sessions';

import type { ContainerInfo, ContainerMount, ContainerState, PortBinding } from './container-info.ts';
import type { JsonObject } from './json-values.ts';
import { OWNER_LABELS } from './owner-labels.ts';
import { objectOf, objectsOf, parseJson, textOf, textsOf } from './json-values.ts';

/** The answer of `inspect` of either engine: one container per element, nonsense left out. Never throws. */
export function parseInspect(stdout: string): readonly ContainerInfo[] {
  return objectsOf(parseJson(stdout)).flatMap((raw) => {
    const id = textOf(raw['Id']);
    return id === null ? [] : [inspected(id, raw)];
  });
}

/** The answer of `ps` of either engine, as {@link psArgs} asks for it. Never throws; null where it is not JSON at all. */
export function parseListing(stdout: string): readonly ContainerInfo[] | null {
  const text = stdout.trim();
  if (text === '' || text === 'null') return [];
  // podman gives an array, docker one object per line.
  const raws = text.startsWith('[') ? parseJson(text) : text.split('\n').map(parseLine);
  if (!Array.isArray(raws) || raws.some((raw) => raw === null || typeof raw !== 'object')) return null;
  return objectsOf(raws).flatMap((raw) => {
    const id = textOf(raw['Id']) ?? textOf(raw['ID']);
    return id === null ? [] : [listed(id, raw)];
  });
}

/**
 * docker's object of one container, and behind it our own labels one by one. All labels in one text is what the object has: parted by commas that a label of
 * somebody else's may hold too, with ours behind them.
 */
function parseLine(line: string): unknown {
  const [object = '', ...texts] = line.split('\t');
  const raw = parseJson(object);
  if (texts.length === 0 || raw === null || typeof raw !== 'object') return raw;
  const labels = Object.values(OWNER_LABELS).flatMap((name, index): [string, unknown][] => {
    const value = parseJson(texts[index] ?? '');
    return value === '' ? [] : [[name, value]];
  });
  return { ...raw, Labels: Object.fromEntries(labels) };
}

/** For docker; a tab stands in no JSON. */
const LIST_FORMAT = ['{{json .}}', ...Object.values(OWNER_LABELS).map((name) => `{{json (.Label "${name}")}}`)].join('\t');

/** What `ps` is asked with: all of them, whole ids. docker would measure the disk use of each container for `{{json .}}`: seconds for hundreds. */
export function psArgs(runtime: ContainerRuntime): readonly string[] {
  return ['ps', '--all', '--no-trunc', ...(runtime === 'podman' ? ['--format', 'json'] : ['--size=false', '--format', LIST_FORMAT])];
}

function inspected(id: string, raw: JsonObject): ContainerInfo {
  const [state, config, host] = [objectOf(raw['State']), objectOf(raw['Config']), objectOf(raw['HostConfig'])];
  return {
    id,
    name: nameOf(raw['Name']),
    image: textOf(config['Image']) ?? textOf(raw['ImageName']) ?? '',
    imageId: textOf(raw['Image']),
    command: [...textsOf(config['Entrypoint']), ...textsOf(config['Cmd'])],
    state: stateOf(state['Status']),
    pid: pidOf(state['Pid']),
    createdAt: timeOf(raw['Created']),
    startedAt: timeOf(state['StartedAt']),
    finishedAt: timeOf(state['FinishedAt']),
    exitCode: hasEnded(stateOf(state['Status'])) ? numberOf(state['ExitCode']) : null,
    oomKilled: typeof state['OOMKilled'] === 'boolean' ? state['OOMKilled'] : null,
    labels: labelsOf(config['Labels']),
    ports: boundPorts(objectOf(host['PortBindings'])),
    mounts: objectsOf(raw['Mounts']).map(mountOf),
    error: textOf(state['Error']),
    health: healthOf(objectOf(state['Health'] ?? state['Healthcheck'])['Status']),
    terminal: config['Tty'] === true ? 'yes' : config['Tty'] === false ? 'no' : null,
    workingDir: textOf(config['WorkingDir']),
    stopSignal: signalOf(config['StopSignal']) ?? 'SIGTERM',
    logDriver: textOf(objectOf(host['LogConfig'])['Type']),
    logPath: textOf(raw['LogPath']) ?? textOf(objectOf(host['LogConfig'])['Path']),
  };
}

function listed(id: string, raw: JsonObject): ContainerInfo {
  const state = stateOf(raw['State']);
  const names = Array.isArray(raw['Names']) ? textsOf(raw['Names'])[0] : textOf(raw['Names'])?.split(',')[0];
  return {
    id,
    name: nameOf(names),
    image: textOf(raw['Image']) ?? '',
    imageId: textOf(raw['ImageID']),
    command: Array.isArray(raw['Command']) ? textsOf(raw['Command']) : [textOf(raw['Command'])?.replace(/^"|"$/g, '') ?? ''].filter((word) => word !== ''),
    state,
    pid: pidOf(raw['Pid']),
    createdAt: timeOf(raw['Created'] ?? raw['CreatedAt']),
    startedAt: timeOf(raw['StartedAt']),
    finishedAt: hasEnded(state) ? timeOf(raw['ExitedAt']) : null,
    exitCode: hasEnded(state) ? (numberOf(raw['ExitCode']) ?? codeIn(raw['Status'])) : null,
    oomKilled: null,
    labels: labelsOf(raw['Labels']),
    ports: [],
    mounts: [],
    error: null,
    health: null,
    terminal: null,
    workingDir: null,
    stopSignal: null,
    logDriver: null,
    logPath: null,
  };
}

const STATES: Readonly<Record<string, ContainerState>> = {
  created: 'created', configured: 'created', initialized: 'created', running: 'running', stopping: 'running', paused: 'paused',
  restarting: 'restarting', exited: 'exited', stopped: 'exited', dead: 'dead', removing: 'removing',
};

function stateOf(raw: unknown): ContainerState {
  return STATES[textOf(raw)?.toLowerCase() ?? ''] ?? 'unknown';
}

function hasEnded(state: ContainerState): boolean {
  return state === 'exited' || state === 'dead';
}

/** docker says `Exited (3) 2 minutes ago` and nothing else. */
function codeIn(status: unknown): number | null {
  const [, code] = /^Exited \((\d+)\)/.exec(textOf(status) ?? '') ?? [];
  return code === undefined ? null : Number(code);
}

/** podman gives the number of Linux, docker what the image says. */
const SIGNALS: Readonly<Record<number, string>> = { 1: 'SIGHUP', 2: 'SIGINT', 3: 'SIGQUIT', 6: 'SIGABRT', 9: 'SIGKILL', 10: 'SIGUSR1', 12: 'SIGUSR2', 14: 'SIGALRM', 15: 'SIGTERM', 28: 'SIGWINCH' };

function signalOf(raw: unknown): string | null {
  const text = typeof raw === 'number' ? String(raw) : textOf(raw);
  if (text === null) return null;
  if (/^\d+$/.test(text)) return SIGNALS[Number(text)] ?? text;
  return text.startsWith('SIG') ? text : `SIG${text}`;
}

function healthOf(raw: unknown): ContainerInfo['health'] {
  return raw === 'starting' || raw === 'healthy' || raw === 'unhealthy' ? raw : null;
}

function mountOf(raw: JsonObject): ContainerMount {
  const isVolume = raw['Type'] === 'volume';
  return { source: textOf(raw['Source']), volume: isVolume ? textOf(raw['Name']) : null, target: textOf(raw['Destination']) ?? '', mode: raw['RW'] === false ? 'ro' : 'rw' };
}

function boundPorts(raw: JsonObject): readonly PortBinding[] {
  return Object.entries(raw).flatMap(([inside, bindings]) => {
    const [containerPort, protocol = 'tcp'] = inside.split('/');
    return objectsOf(bindings).map((binding) => ({ hostAddress: textOf(binding['HostIp']) ?? '', hostPort: Number(binding['HostPort']), containerPort: Number(containerPort), protocol }));
  });
}

/** A map, or docker's `a=b,c=d`. */
function labelsOf(raw: unknown): Readonly<Record<string, string>> {
  if (typeof raw === 'string') return Object.fromEntries(raw.split(',').filter((pair) => pair.includes('=')).map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
  return Object.fromEntries(Object.entries(objectOf(raw)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** The last moment that a Date can hold. */
const MAX_TIME = 8.64e15;

/** Text of any form that an engine writes, or seconds since 1970; null for "never", which is the year 1. */
function timeOf(raw: unknown): string | null {
  const text = typeof raw === 'string' ? raw.replace(/^(\S+) (\S+) ([+-]\d{2})(\d{2}) \S+$/, '$1T$2$3:$4') : raw;
  const ms = typeof text === 'number' ? text * 1000 : typeof text === 'string' ? Date.parse(text) : Number.NaN;
  return ms > 0 && ms < MAX_TIME ? new Date(ms).toISOString() : null;
}

function nameOf(raw: unknown): string {
  return (textOf(raw) ?? '').replace(/^\//, '');
}

function pidOf(raw: unknown): number | null {
  const pid = numberOf(raw);
  return pid !== null && pid > 0 ? pid : null;
}

function numberOf(raw: unknown): number | null {
  return typeof raw === 'number' && Number.isFinite(raw) ? raw : null;
}
