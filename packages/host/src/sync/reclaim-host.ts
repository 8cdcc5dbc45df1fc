import path from 'node:path';

import type { DestinationSettings, LoadedConfig } from '@longhaul/config';
import type { DestinationRule, ReaperPorts, ReclaimPolicy, WorkerPorts } from '@longhaul/sync-queue';
import { DEFAULT_RECLAIM_POLICY, JournalFolder } from '@longhaul/sync-queue';

import type { DestinationRegistry } from '../destinations/destination-registry.ts';

/** What a reaper of this machine is made with. */
export interface ReaperParts {
  readonly config: LoadedConfig;
  readonly stateDir: string;
  readonly destinations: DestinationRegistry;
  readonly worker: WorkerPorts;
}

/** A reaper as the configuration wants it; journals lie in `<state>/reclaim`. */
export function reaperPorts({ config, stateDir, destinations, worker }: ReaperParts): ReaperPorts {
  return {
    ...worker,
    reclaim: reclaimPolicy(config),
    journals: new JournalFolder({ directory: path.join(stateDir, 'reclaim') }),
    rules: async (id) => ruleOf((await destinations.find(id))?.settings),
  };
}

/** What the configuration says of freeing local copies. */
export function reclaimPolicy({ config: { reclaim } }: LoadedConfig): ReclaimPolicy {
  return {
    ...DEFAULT_RECLAIM_POLICY,
    reclaim: reclaim.enabled ? 'on' : 'off',
    when: reclaim.automatic ? 'always' : 'asked',
    diskFreeBelow: reclaim.diskFreeBelow,
    minVerifyPasses: reclaim.minVerifyPasses,
    minAgeMs: reclaim.minAgeMs,
    metadata: reclaim.keepMetadata ? 'keep' : 'drop',
  };
}

function ruleOf(settings: DestinationSettings | undefined): DestinationRule {
  const { reclaim } = settings ?? {};
  if (reclaim === undefined) return {};
  const { allow, minVerifyPasses, minAgeMs } = reclaim;
  return { reclaim: allow ? 'allowed' : 'never', ...(minVerifyPasses === null ? {} : { minVerifyPasses }), ...(minAgeMs === null ? {} : { minAgeMs }) };
}
