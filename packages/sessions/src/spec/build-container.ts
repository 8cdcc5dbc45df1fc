import { resolve } from 'node:path';

import { SessionConfigError } from '@longhaul/errors';

import type { ContainerSpec, PortMapping, VolumeMount } from '../session-spec.ts';
import type { StartRequest } from './start-request.ts';

/** What a container is made of, beside the request. */
export interface ContainerSource {
  /** Absolute: relative sources of volumes are taken from it. */
  readonly cwd: string;
  readonly envNames: readonly string[];
}

/**
 * The container of a spec, each text of the request checked (design §4.4); null under tmux.
 *
 * @throws SessionConfigError naming what cannot be used and how it is written
 */
export function buildContainer({ name, backend, container = {} }: Pick<StartRequest, 'name' | 'backend' | 'container'>, { cwd, envNames }: ContainerSource): ContainerSpec | null {
  const given = Object.entries(container).flatMap(([key, value]) => (value === undefined || (Array.isArray(value) && value.length === 0) ? [] : [key]));
  if (backend !== 'container') {
    if (given.length === 0) return null;
    throw new SessionConfigError(`session "${name}" runs in tmux, which has no use for ${given.join(', ')}`, { hint: 'Run it in a container: --backend container --image IMAGE' });
  }
  const { image, runtime = null, pull = 'missing', volumes = [], ports = [], terminal = 'no', init = 'auto', network, memory, cpus, logVolume, workingDir } = container;
  if (image === undefined) throw new SessionConfigError(`session "${name}" is to run in a container and names no image`, { hint: `Say which: longhaul start ${name} --image IMAGE, or image: in longhaul.yaml` });
  return {
    image: matching(image, { what: 'the image', pattern: IMAGE, how: 'name:tag, registry/name:tag or name@sha256:…' }),
    runtime,
    pull,
    volumes: distinct(volumes.map((text) => parseVolume(text, cwd)), { key: ({ target }) => target, what: (target) => `two volumes are to be seen at ${JSON.stringify(target)}` }),
    ports: distinct(ports.map(parsePort), { key: ({ hostAddress, hostPort, protocol }) => `${hostAddress}:${String(hostPort)}/${protocol}`, what: (port) => `two ports of the container are to be reached at ${port}` }),
    logVolume: logVolume === undefined ? null : insidePath(logVolume, 'the log volume'),
    workingDir: workingDir === undefined ? null : insidePath(workingDir, "the container's working directory"),
    terminal,
    init,
    memoryBytes: memory === undefined ? null : parseMemory(memory),
    cpus: cpus === undefined ? null : parseCpus(cpus),
    network: network === undefined ? null : matching(network, { what: 'the network', pattern: /^[A-Za-z0-9][\w.:-]*$/, how: 'the name of a network of the engine, such as host or none' }),
    envNames,
  };
}

/** No space, and no dash at its beginning, which an engine would read as an option. */
const IMAGE = /^[A-Za-z0-9][\w./:@-]*$/;
/** What engines take for the name of a volume of theirs. */
const VOLUME_NAME = /^[A-Za-z0-9][\w.-]*$/;
const VOLUME_FORM = 'Write HOST:CONTAINER or HOST:CONTAINER:ro, such as ./data:/data; a name without a slash is a volume of the engine';

/** `./data:/data:ro` as a mount. @throws SessionConfigError */
export function parseVolume(text: string, cwd: string): VolumeMount {
  const [source = '', target = '', mode = 'rw', ...rest] = text.split(':');
  const refuse = (why: string): SessionConfigError => new SessionConfigError(`the volume ${JSON.stringify(text)} ${why}`, { hint: VOLUME_FORM });
  if (text.includes('\0')) throw refuse('holds a NUL');
  if (source === '' || target === '' || rest.length > 0) throw refuse('does not name a folder here and one in the container');
  if (mode !== 'rw' && mode !== 'ro') throw refuse(`has a third part that is neither ro nor rw`);
  if (!target.startsWith('/') || /^\/+$/.test(target)) throw refuse('must have an absolute path in the container, below /');
  const isPath = /[/~]/.test(source) || source === '.' || source === '..';
  if (!isPath && !VOLUME_NAME.test(source)) throw refuse('names neither a folder of this machine nor a volume of the engine');
  return { source: isPath ? resolve(cwd, source) : source, target, mode };
}

const PORT_FORM = 'Write HOST:CONTAINER, such as 8080:80, 0.0.0.0:8080:80 to be reached from other machines, or 5353:53/udp';

/** `[IP:]HOST:CONTAINER[/udp]`; without an address only this machine reaches it. @throws SessionConfigError */
export function parsePort(text: string): PortMapping {
  const refuse = (why: string): SessionConfigError => new SessionConfigError(`the port ${JSON.stringify(text)} ${why}`, { hint: PORT_FORM });
  const [, address, host, inside, protocol = 'tcp'] = /^(?:(\[[0-9A-Fa-f:.]+\]|\d{1,3}(?:\.\d{1,3}){3}):)?(\d{1,5}):(\d{1,5})(?:\/(tcp|udp))?$/.exec(text) ?? [];
  if (host === undefined || inside === undefined) throw refuse('is not a mapping');
  const [hostPort, containerPort] = [Number(host), Number(inside)];
  if ([hostPort, containerPort].some((port) => port < 1 || port > 65_535)) throw refuse('is not between 1 and 65535');
  if (address?.split('.').some((part) => Number(part) > 255) === true) throw refuse('has an address that is none');
  return { hostAddress: address?.replace(/^\[|\]$/g, '') ?? '127.0.0.1', hostPort, containerPort, protocol: protocol as PortMapping['protocol'] };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** `512m`, `2g` as the engines mean it (powers of 1024), `512MB` (of 1000) and `512MiB`. @throws SessionConfigError */
export function parseMemory(text: string): number {
  const [, amount, unit = '', binary, bytes] = /^(\d+(?:\.\d+)?) ?([kmgt]?)(i?)(b?)$/i.exec(text) ?? [];
  const isDecimal = unit !== '' && binary === '' && bytes !== '';
  const factor = isDecimal ? 1000 ** ('kmgt'.indexOf(unit.toLowerCase()) + 1) : UNITS[unit.toLowerCase()];
  const value = amount === undefined || factor === undefined ? Number.NaN : Math.round(Number(amount) * factor);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new SessionConfigError(`the memory limit ${JSON.stringify(text)} is not a size`, { hint: 'Write it as 512m, 2g or 1.5GiB' });
}

/** `2`, `0.5`. @throws SessionConfigError */
export function parseCpus(text: string): number {
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0.01 && value <= 4096) return value;
  throw new SessionConfigError(`the processor limit ${JSON.stringify(text)} cannot be used`, { hint: 'Write a number of processors, such as 2 or 0.5' });
}

function insidePath(text: string, what: string): string {
  if (text.startsWith('/') && !/[\0:]/.test(text)) return text;
  throw new SessionConfigError(`${what} ${JSON.stringify(text)} is not a path in a container`, { hint: 'Use an absolute one, such as /app' });
}

function matching(text: string, { what, pattern, how }: { readonly what: string; readonly pattern: RegExp; readonly how: string }): string {
  if (pattern.test(text)) return text;
  throw new SessionConfigError(`${what} ${JSON.stringify(text)} cannot be used`, { hint: `Write ${how}` });
}

function distinct<T>(items: readonly T[], { key, what }: { readonly key: (item: T) => string; readonly what: (key: string) => string }): readonly T[] {
  const seen = new Set<string>();
  for (const item of items) {
    if (seen.has(key(item))) throw new SessionConfigError(what(key(item)), { hint: 'Leave one of them out' });
    seen.add(key(item));
  }
  return items;
}
