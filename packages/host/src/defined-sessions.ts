import type { Config } from '@longhaul/config';
import type { DefinedSession } from '@longhaul/sessions';

/** The sessions of a configuration, as they are listed before anybody has started them. */
export function definedSessions({ sessions }: Pick<Config, 'sessions'>): readonly DefinedSession[] {
  return [...sessions].map(([name, { backend, command, workingDir, container }]) => ({ name, backend: backend ?? 'tmux', command, workingDir, image: container.image }));
}
