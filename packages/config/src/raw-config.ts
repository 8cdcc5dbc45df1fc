import type { DAY_WORDS } from './bandwidth.ts';

type Optional<T> = T | undefined;

/** A file as it is written, after its shape was checked: nothing is expanded or made absolute yet. */
export interface RawConfig {
  $schema?: Optional<string>;
  sessions?: Optional<Record<string, RawSession>>;
  destinations?: Optional<Record<string, RawDestination>>;
  watch?: Optional<RawWatch[]>;
  tmux?: Optional<{ socket?: Optional<string> }>;
  attach?: Optional<{ protect?: Optional<boolean> }>;
  stop?: Optional<RawStop>;
  retention?: Optional<{ maxRuns?: Optional<number>; maxAge?: Optional<string>; maxBytes?: Optional<string> }>;
  worker?: Optional<{ concurrency?: Optional<number>; stallTimeout?: Optional<string> }>;
  history?: Optional<{ details?: Optional<string>; jobs?: Optional<string> }>;
  audit?: Optional<{ enabled?: Optional<boolean>; every?: Optional<string>; maxFilesPerDay?: Optional<number>; maxBytesPerDay?: Optional<string> }>;
  reclaim?: Optional<{
    enabled?: Optional<boolean>;
    automatic?: Optional<boolean>;
    minVerifyPasses?: Optional<number>;
    minAge?: Optional<string>;
    keepMetadata?: Optional<boolean>;
    when?: Optional<{ diskFreeBelow?: Optional<string> }>;
  }>;
}

export interface RawStop {
  signal?: Optional<string>;
  timeout?: Optional<string>;
}

/** One of them. */
export interface RawReady {
  log?: Optional<string>;
  tcp?: Optional<string | number>;
  http?: Optional<string>;
  command?: Optional<string | string[]>;
}

interface RawFilter {
  include?: Optional<string | string[]>;
  exclude?: Optional<string | string[]>;
}

export interface RawOutput extends RawFilter {
  path: string;
  to: string | string[];
  as?: Optional<string>;
}

export interface RawWatch extends RawFilter {
  path: string;
  settle?: Optional<string>;
  sentinel?: Optional<string>;
  to: string | string[];
  as?: Optional<string>;
}

export interface RawSession {
  command?: Optional<string | string[]>;
  backend?: Optional<'tmux' | 'container'>;
  workingDir?: Optional<string>;
  env?: Optional<Record<string, string>>;
  envFile?: Optional<string>;
  passEnv?: Optional<string[]>;
  outputs?: Optional<RawOutput[]>;
  stop?: Optional<RawStop>;
  restart?: Optional<string>;
  restartDelay?: Optional<string>;
  restartMaxDelay?: Optional<string>;
  restartReset?: Optional<string>;
  ready?: Optional<RawReady>;
  maxLog?: Optional<string>;
  image?: Optional<string>;
  runtime?: Optional<'podman' | 'docker'>;
  pull?: Optional<'missing' | 'always' | 'never'>;
  volumes?: Optional<string[]>;
  ports?: Optional<string[]>;
  containerDir?: Optional<string>;
  logVolume?: Optional<string>;
  memory?: Optional<string>;
  cpus?: Optional<string | number>;
  network?: Optional<string>;
  tty?: Optional<boolean>;
  init?: Optional<boolean>;
}

export interface RawBandwidth {
  uploadMbps?: Optional<number>;
  windows?: Optional<{ days?: Optional<(typeof DAY_WORDS)[number][]>; from: string; to: string; uploadMbps: number }[]>;
}

/** One of a destination. */
export interface RawDestinationReclaim {
  allow?: Optional<boolean>;
  minVerifyPasses?: Optional<number>;
  minAge?: Optional<string>;
}

interface RawCommon {
  reclaim?: Optional<RawDestinationReclaim>;
  bandwidth?: Optional<RawBandwidth>;
  concurrency?: Optional<number>;
  as?: Optional<string>;
}

export type RawDestination =
  | (RawCommon & { type: 'local'; path: string; mountPoint?: Optional<string> })
  | (RawCommon & {
      type: 'rsync_ssh';
      target: string;
      path: string;
      port?: Optional<number>;
      sshKey?: Optional<string>;
      knownHosts?: Optional<string>;
      sshConfig?: Optional<string>;
    })
  | (RawCommon & { type: 'rclone'; remote: string; verify?: Optional<'auto' | 'hash' | 'download' | 'size'>; configFile?: Optional<string>; transfers?: Optional<number> });
