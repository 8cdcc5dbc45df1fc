import type { DestinationSettings } from '@longhaul/config';
import { bandwidthAt } from '@longhaul/config';
import type { ProcessRunner } from '@longhaul/exec';
import type { Destination } from '@longhaul/sync-queue';
import type { RcloneDestination, Transport } from '@longhaul/sync-transports';
import { LocalTransport, parseRcloneDestination, RcloneTransport, RsyncSshTransport } from '@longhaul/sync-transports';

import { fetchCommand } from '../destinations/fetch-command.ts';
import type { DestinationRegistry, ResolvedDestination } from '../destinations/destination-registry.ts';

/** What transports are made with. */
export interface TransportPoolOptions {
  readonly destinations: DestinationRegistry;
  readonly stateDir: string;
  readonly runner: ProcessRunner;
}

interface Entry {
  /** The settings it was made of: when the file says something else, another is made. */
  readonly settings: string;
  readonly destination: Destination;
}

/** One transport per destination, made when it is first needed and made anew when its settings change. */
export class TransportPool implements AsyncDisposable {
  readonly #options: TransportPoolOptions;
  readonly #entries = new Map<string, Entry>();
  /** Settings changed while a job may still use these: closed with the pool. */
  readonly #retired: Transport[] = [];

  constructor(options: TransportPoolOptions) {
    this.#options = options;
  }

  /** null where nobody knows the destination any more. @throws ConfigError for settings that no transport can use */
  async find(id: string): Promise<Destination | null> {
    const found = await this.#options.destinations.find(id);
    return found === null ? null : this.use(found);
  }

  /** The destination with these settings. @throws ConfigError for settings that no transport can use */
  use(found: ResolvedDestination): Destination {
    const { id } = found;
    const settings = JSON.stringify(found.settings);
    const known = this.#entries.get(id);
    if (known?.settings === settings) return known.destination;
    if (known !== undefined) this.#retired.push(known.destination.transport);
    const destination = this.#make(found);
    this.#entries.set(id, { settings, destination });
    return destination;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const transports = [...this.#entries.values()].map(({ destination }) => destination.transport).concat(this.#retired);
    this.#entries.clear();
    this.#retired.length = 0;
    await Promise.all(transports.map(async (transport) => { await transport[Symbol.asyncDispose](); }));
  }

  #make({ id, settings }: ResolvedDestination): Destination {
    const plan = { bytesPerSecond: settings.bandwidth, windows: settings.bandwidthWindows };
    return { transport: makeTransport(id, settings, this.#options.runner), bandwidth: (at) => bandwidthAt(plan, at), fetchCommand: (wanted) => fetchCommand(settings, wanted) };
  }
}

function makeTransport(id: string, settings: DestinationSettings, runner: ProcessRunner): Transport {
  switch (settings.type) {
    case 'local':
      return new LocalTransport({ path: settings.path, mountPoint: settings.mountPoint });
    case 'rsync_ssh': {
      const { target, path, port, sshKey, knownHosts, sshConfig } = settings;
      const given = { ...(port === null ? {} : { port }), ...(sshKey === null ? {} : { sshKey }), ...(knownHosts === null ? {} : { knownHosts }), ...(sshConfig === null ? {} : { sshConfig }) };
      return new RsyncSshTransport({ name: id, target, path, ...given, runner });
    }
    case 'rclone':
      return new RcloneTransport({ ...rcloneDestination(id, settings), runner });
  }
}

/** @throws ConfigError for settings that no transport can use: said before anything is queued */
export function refuseUnusable(id: string, settings: DestinationSettings): void {
  if (settings.type === 'rclone') parseRcloneDestination(rcloneDestination(id, settings));
}

function rcloneDestination(name: string, { remote, verify, configFile, transfers }: Extract<DestinationSettings, { type: 'rclone' }>): RcloneDestination {
  return { name, remote, verify, ...(configFile === null ? {} : { configFile }), ...(transfers === null ? {} : { transfers }) };
}
