import type { DestinationSettings, LoadedConfig } from '@longhaul/config';
import type { DestinationStatus } from '@longhaul/sync-queue';

import type { DestinationRegistry } from '../destinations/destination-registry.ts';

/** A destination that is configured, or that jobs went to before. */
export interface DestinationInfo {
  /** What `--to` takes and jobs carry. */
  readonly id: string;
  readonly type: DestinationSettings['type'] | 'unknown';
  /** For people: folder, target and path, remote. */
  readonly place: string;
  readonly settings: DestinationSettings | null;
  readonly definedIn: string | null;
  /** Why the settings are those of an earlier day; null as a rule. */
  readonly stale: string | null;
  /** How it stands in the queue; null: it was never used. */
  readonly status: DestinationStatus | null;
}

export interface ListingParts {
  readonly config: LoadedConfig;
  readonly destinations: DestinationRegistry;
  readonly statuses: readonly DestinationStatus[];
}

/** All destinations: of the configuration first, then what else the queue knows. */
export async function listDestinations({ config, destinations, statuses }: ListingParts): Promise<readonly DestinationInfo[]> {
  const byId = new Map(statuses.map((status) => [status.name, status]));
  const infos = new Map<string, DestinationInfo>();
  for (const [name, settings] of config.config.destinations) {
    const id = destinations.idOf(name, config);
    infos.set(id, { id, type: settings.type, place: placeText(settings), settings, definedIn: config.origins.get(`destinations.${name}`)?.name ?? null, stale: null, status: byId.get(id) ?? null });
  }
  for (const id of [...destinations.ids(), ...byId.keys()]) {
    if (infos.has(id)) continue;
    const found = await destinations.find(id);
    infos.set(id, {
      id,
      type: found?.settings.type ?? 'unknown',
      place: found === null ? '' : placeText(found.settings),
      settings: found?.settings ?? null,
      definedIn: found?.definedIn ?? null,
      stale: found === null ? 'nothing defines it any more' : found.stale,
      status: byId.get(id) ?? null,
    });
  }
  return [...infos.values()];
}

/** For people: folder, target and path, remote. */
export function placeText(settings: DestinationSettings): string {
  switch (settings.type) {
    case 'local':
      return settings.path;
    case 'rsync_ssh':
      return `${settings.target}:${settings.path}${settings.port === null ? '' : ` (port ${String(settings.port)})`}`;
    case 'rclone':
      return settings.remote;
  }
}
