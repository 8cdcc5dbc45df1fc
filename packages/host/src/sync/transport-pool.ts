import type { DestinationSettings } from '@longhaul/config';
import { bandwidthAt } from '@longhaul/config';
import { ConfigError } from '@longhaul/errors';
import type { ProcessRunner } from '@longhaul/exec';
import type { Destination } from '@longhaul/sync-queue';
import type { Transport } from '@longhaul/sync-transports';
import { LocalTransport, RsyncSshTransport } from '@longhaul/sync-transports';

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

  /** null where nobody knows the destination any more. @throws ConfigError for a type that this version cannot do */
  async find(id: string): Promise<Destination | null> {
    const found = await this.#options.destinations.find(id);
    return found === null ? null : this.use(found);
  }

  /** The destination with these settings. @throws ConfigError for a type that this version cannot do */
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
    return { transport: makeTransport(id, settings, this.#options.runner), bandwidth: (at) => bandwidthAt(plan, at) };
  }
}

function makeTransport(id: string, settings: DestinationSettings, runner: ProcessRunner): Transport {
  switch (settings.type) {
    case 'local':
      return new LocalTransport({ path: settings.path });
    case 'rsync_ssh': {
      const { target, path, port, sshKey, knownHosts, sshConfig } = settings;
      const given = { ...(port === null ? {} : { port }), ...(sshKey === null ? {} : { sshKey }), ...(knownHosts === null ? {} : { knownHosts }), ...(sshConfig === null ? {} : { sshConfig }) };
      return new RsyncSshTransport({ name: id, target, path, ...given, runner });
    }
    case 'rclone':
      throw unsupported(settings);
  }
}

/** @throws ConfigError for a type that this version cannot do: said before anything is queued */
export function refuseUnsupported(id: string, settings: DestinationSettings): void {
  if (settings.type === 'rclone') throw new ConfigError(`destination "${id}" cannot be used: ${unsupported(settings).message}`, { fix: 'use type: rsync_ssh or type: local' });
}

function unsupported({ type }: DestinationSettings): ConfigError {
  return new ConfigError(`this version has no transport "${type}"`, { fix: 'use type: rsync_ssh or type: local' });
}
