import { findSockets, probeSocket, socketLabel } from '@longhaul/backend-tmux';
import type { Environment } from '@longhaul/config';

import type { Fact } from './doctor-row.ts';
import { known, notKnown } from './doctor-row.ts';
import type { ServersFact } from './sockets.ts';

/** The tmux servers in this user's folder of sockets. Connects to each; starts nothing. */
export async function readServers(env: Environment): Promise<Fact<ServersFact>> {
  let paths: readonly string[];
  try {
    paths = findSockets(env);
  } catch (error) {
    return notKnown(error instanceof Error ? error.message : String(error));
  }
  const states = await Promise.all(paths.map(async (path) => ({ label: socketLabel(path, env), state: await probeSocket(path) })));
  const labelled = (...wanted: readonly string[]): readonly string[] => states.filter(({ state }) => wanted.includes(state)).map(({ label }) => label).sort();
  return known({ listening: labelled('listening'), left: labelled('refused', 'missing'), unknown: labelled('unknown') });
}
