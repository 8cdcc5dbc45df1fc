/** One row of the table. */
export interface Layer {
  /** Workspace packages that the sources may import. */
  readonly imports: readonly string[];
  /** Third-party packages that they may import. */
  readonly libraries: readonly string[];
  /** Workspace packages whose program they may start, never import. */
  readonly runs?: readonly string[];
}

/**
 * The layers of Longhaul (design §2): one table. The import bans of the lint configuration are made from it,
 * and test/layers.test.ts holds every package.json against it.
 */
export const LAYERS: Readonly<Record<string, Layer>> = {
  'packages/errors': { imports: [], libraries: [] },
  'packages/exec': { imports: ['errors'], libraries: ['execa'] },
  'packages/sessions': { imports: ['errors', 'exec'], libraries: [] },
  'packages/backend-tmux': { imports: ['errors', 'exec', 'sessions'], libraries: [] },
  'packages/backend-container': { imports: ['errors', 'exec', 'sessions'], libraries: [] },
  'packages/sync-transports': { imports: ['errors', 'exec'], libraries: [] },
  'packages/sync-queue': { imports: ['errors', 'sync-transports'], libraries: ['better-sqlite3'] },
  'packages/config': { imports: ['errors'], libraries: ['zod', 'yaml'] },
  'packages/host': {
    imports: ['errors', 'exec', 'sessions', 'backend-tmux', 'backend-container', 'sync-transports', 'sync-queue', 'config'],
    libraries: [],
  },
  'packages/conformance': { imports: ['errors', 'sessions', 'sync-transports', 'sync-queue'], libraries: ['vitest'] },
  'packages/testbed': { imports: ['errors', 'exec'], libraries: ['vitest'] },
  'packages/bench': {
    imports: ['errors', 'exec', 'sessions', 'backend-tmux', 'backend-container', 'sync-transports', 'sync-queue', 'config', 'host', 'testbed'],
    libraries: ['better-sqlite3', 'plainjobs'],
  },
  'apps/cli': {
    imports: ['errors', 'exec', 'sessions', 'backend-tmux', 'backend-container', 'sync-transports', 'sync-queue', 'config', 'host'],
    libraries: ['commander', 'picocolors'],
    runs: ['server'],
  },
  'apps/server': {
    imports: ['errors', 'exec', 'sessions', 'backend-tmux', 'backend-container', 'sync-transports', 'sync-queue', 'config', 'host'],
    libraries: [],
  },
};

/** What sync-queue may not import from sync-transports although the package is allowed: the adapters (design §2). */
export const ADAPTERS: readonly string[] = ['LocalTransport', 'RsyncSshTransport'];

/** Packages whose sources may import node:child_process: only the layer that runs programs, and private test tools. */
export const MAY_SPAWN: readonly string[] = ['packages/exec', 'packages/testbed', 'packages/bench'];
