import path from 'node:path';

import { bytesPerSecond, daysOf, parseTimeOfDay } from './bandwidth.ts';
import type { ContainerSettings, DestinationReclaim, DestinationSettings, OutputSettings, ReadySettings, RestartSettings, SessionSettings, StopSettings, WatchSettings } from './config.ts';
import { parseDuration } from './duration.ts';
import type { RawBandwidth, RawDestination, RawDestinationReclaim, RawOutput, RawReady, RawSession, RawStop, RawWatch } from './raw-config.ts';
import { expandHome } from './setting.ts';
import { parseSize } from './size.ts';

const DEFAULT_SETTLE = '60s';

/** The file that entries stand in: relative paths are relative to its folder (design §7). */
export interface FileContext {
  readonly kind: 'project' | 'user';
  readonly file: string;
  readonly home: string;
}

/** Makes paths absolute and gives everything its unit. */
export function resolveSession(raw: RawSession, context: FileContext): SessionSettings {
  return {
    // Only a container has an image.
    backend: raw.backend ?? (raw.image === undefined ? null : 'container'),
    command: typeof raw.command === 'string' ? ['sh', '-c', raw.command] : (raw.command ?? []),
    workingDir: workingDirOf(raw, context),
    env: new Map(Object.entries(raw.env ?? {})),
    envFile: raw.envFile === undefined ? null : absolute(raw.envFile, context),
    passEnv: raw.passEnv ?? [],
    outputs: (raw.outputs ?? []).map((output) => resolveOutput(output, context)),
    stop: resolveStop(raw.stop),
    restart: resolveRestart(raw),
    ready: raw.ready === undefined ? null : resolveReady(raw.ready),
    maxLogBytes: raw.maxLog === undefined ? null : parseSize(raw.maxLog),
    container: resolveContainer(raw, context),
  };
}

/** @throws nothing: the shape was checked */
export function resolveDestination(raw: RawDestination, context: FileContext): DestinationSettings {
  const common = { ...resolveBandwidth(raw.bandwidth), concurrency: raw.concurrency ?? null, as: raw.as ?? null, ...resolveReclaim(raw.reclaim) };
  const file = (value: string | undefined): string | null => (value === undefined ? null : absolute(value, context));
  switch (raw.type) {
    case 'local':
      return { type: 'local', path: absolute(raw.path, context), ...(raw.mountPoint === undefined ? {} : { mountPoint: absolute(raw.mountPoint, context) }), ...common };
    case 'rsync_ssh':
      return {
        type: 'rsync_ssh',
        target: raw.target,
        path: raw.path,
        port: raw.port ?? null,
        sshKey: file(raw.sshKey),
        knownHosts: file(raw.knownHosts),
        sshConfig: file(raw.sshConfig),
        ...common,
      };
    case 'rclone':
      return { type: 'rclone', remote: raw.remote, verify: raw.verify ?? 'auto', configFile: file(raw.configFile), transfers: raw.transfers ?? null, ...common };
  }
}

function resolveBandwidth(raw: RawBandwidth = {}): Pick<DestinationSettings, 'bandwidth' | 'bandwidthWindows'> {
  const limit = (megabits: number): number => (megabits === 0 ? 0 : bytesPerSecond(megabits));
  return {
    bandwidth: raw.uploadMbps === undefined ? null : bytesPerSecond(raw.uploadMbps),
    bandwidthWindows: (raw.windows ?? []).map(({ days = ['all'], from, to, uploadMbps }) => ({
      days: daysOf(days),
      from: parseTimeOfDay(from) ?? 0,
      to: parseTimeOfDay(to) ?? 0,
      bytesPerSecond: limit(uploadMbps),
    })),
  };
}

function resolveReclaim(raw: RawDestinationReclaim | undefined): { readonly reclaim?: DestinationReclaim } {
  if (raw === undefined) return {};
  return { reclaim: { allow: raw.allow ?? true, minVerifyPasses: raw.minVerifyPasses ?? null, minAgeMs: raw.minAge === undefined ? null : parseDuration(raw.minAge) } };
}

function resolveRestart({ restart, restartDelay, restartMaxDelay, restartReset }: RawSession): RestartSettings | null {
  if (restart === undefined) return null;
  const ms = (text: string | undefined): number | null => (text === undefined ? null : parseDuration(text));
  return { when: restart, delayMs: ms(restartDelay), maxDelayMs: ms(restartMaxDelay), resetMs: ms(restartReset) };
}

function resolveReady({ log, tcp, http, command }: RawReady): ReadySettings {
  if (log !== undefined) return { kind: 'log', pattern: log };
  if (http !== undefined) return { kind: 'http', url: http };
  if (command !== undefined) return { kind: 'command', argv: typeof command === 'string' ? ['sh', '-c', command] : command };
  const [, host = 'localhost', port = ''] = /^(?:(.+):)?(\d+)$/.exec(String(tcp ?? '')) ?? [];
  return { kind: 'tcp', host, port: Number(port) };
}

function resolveContainer(raw: RawSession, context: FileContext): ContainerSettings {
  return {
    image: raw.image ?? null,
    runtime: raw.runtime ?? null,
    pull: raw.pull ?? null,
    volumes: (raw.volumes ?? []).map((volume) => resolveVolume(volume, context)),
    ports: raw.ports ?? [],
    workingDir: raw.containerDir ?? null,
    logVolume: raw.logVolume ?? null,
    memory: raw.memory ?? null,
    cpus: raw.cpus === undefined ? null : String(raw.cpus),
    network: raw.network ?? null,
    tty: raw.tty ?? null,
    init: raw.init ?? null,
  };
}

/** A name without a slash is a volume of the engine. */
function resolveVolume(volume: string, context: FileContext): string {
  const colon = volume.indexOf(':');
  const source = volume.slice(0, colon);
  const isPath = /[/~]/.test(source) || source === '.' || source === '..';
  return isPath ? `${absolute(source, context)}${volume.slice(colon)}` : volume;
}

function workingDirOf(raw: RawSession, context: FileContext): string | null {
  if (raw.workingDir !== undefined) return absolute(raw.workingDir, context);
  // A project's command belongs to the project's folder, from wherever in it the start is called.
  return context.kind === 'project' ? path.dirname(context.file) : null;
}

function resolveOutput(raw: RawOutput, { home }: FileContext): OutputSettings {
  return { path: expandHome(raw.path, home), to: listOf(raw.to), as: raw.as ?? null, include: listOf(raw.include), exclude: listOf(raw.exclude) };
}

/** @throws nothing: the shape was checked */
export function resolveWatch(raw: RawWatch, context: FileContext): WatchSettings {
  return {
    path: absolute(raw.path, context),
    settleMs: parseDuration(raw.settle ?? DEFAULT_SETTLE) ?? 0,
    sentinel: raw.sentinel ?? null,
    to: listOf(raw.to),
    as: raw.as ?? null,
    include: listOf(raw.include),
    exclude: listOf(raw.exclude),
  };
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}

function resolveStop(raw: RawStop | undefined): StopSettings {
  return { signal: raw?.signal ?? null, timeoutMs: raw?.timeout === undefined ? null : parseDuration(raw.timeout) };
}

function absolute(value: string, { file, home }: FileContext): string {
  return path.resolve(path.dirname(file), expandHome(value, home));
}
