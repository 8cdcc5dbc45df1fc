import path from 'node:path';

import { bytesPerSecond } from './bandwidth.ts';
import type { DestinationSettings, OutputSettings, SessionSettings, StopSettings } from './config.ts';
import { parseDuration } from './duration.ts';
import type { RawDestination, RawOutput, RawSession, RawStop } from './raw-config.ts';
import { expandHome } from './setting.ts';

/** The file that entries stand in: relative paths are relative to its folder (design §7). */
export interface FileContext {
  readonly kind: 'project' | 'user';
  readonly file: string;
  readonly home: string;
}

/** Keys of a session that are read, but that this version cannot honour. */
const NOT_YET = ['image', 'volumes', 'ports'] as const satisfies readonly (keyof RawSession)[];

/** Makes paths absolute and gives everything its unit. */
export function resolveSession(raw: RawSession, context: FileContext): SessionSettings {
  return {
    backend: raw.backend ?? null,
    command: typeof raw.command === 'string' ? ['sh', '-c', raw.command] : (raw.command ?? []),
    workingDir: workingDirOf(raw, context),
    env: new Map(Object.entries(raw.env ?? {})),
    envFile: raw.envFile === undefined ? null : absolute(raw.envFile, context),
    passEnv: raw.passEnv ?? [],
    outputs: (raw.outputs ?? []).map((output) => resolveOutput(output, context)),
    stop: resolveStop(raw.stop),
    unavailable: [...NOT_YET.filter((key) => raw[key] !== undefined), ...(raw.restart === undefined || raw.restart === 'no' ? [] : ['restart'])],
  };
}

/** @throws nothing: the shape was checked */
export function resolveDestination(raw: RawDestination, context: FileContext): DestinationSettings {
  const common = { bandwidth: raw.bandwidth === undefined ? null : bytesPerSecond(raw.bandwidth.uploadMbps), as: raw.as ?? null };
  const file = (value: string | undefined): string | null => (value === undefined ? null : absolute(value, context));
  switch (raw.type) {
    case 'local':
      return { type: 'local', path: absolute(raw.path, context), ...common };
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
      return { type: 'rclone', remote: raw.remote, ...common };
  }
}

function workingDirOf(raw: RawSession, context: FileContext): string | null {
  if (raw.workingDir !== undefined) return absolute(raw.workingDir, context);
  // A project's command belongs to the project's folder, from wherever in it the start is called.
  return context.kind === 'project' ? path.dirname(context.file) : null;
}

function resolveOutput(raw: RawOutput, { home }: FileContext): OutputSettings {
  return { path: expandHome(raw.path, home), to: typeof raw.to === 'string' ? [raw.to] : raw.to, as: raw.as ?? null };
}

function resolveStop(raw: RawStop | undefined): StopSettings {
  return { signal: raw?.signal ?? null, timeoutMs: raw?.timeout === undefined ? null : parseDuration(raw.timeout) };
}

function absolute(value: string, { file, home }: FileContext): string {
  return path.resolve(path.dirname(file), expandHome(value, home));
}
