import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const conditions = ['@longhaul/source', 'node', 'import', 'default'];
// Each program that an integration test starts from source finds its types stripped and its code compiled: a third of a second of processor time each.
const env = { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/compiled') };
const shared = { mockReset: true, unstubEnvs: true, unstubGlobals: true };

/** Two projects: `unit` uses all cores; `integration` talks to real services, each file to its own, and waits for them half of the time: two files at a time. */
const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    projects: [
      {
        extends: true,
        test: { ...shared, name: 'unit', maxWorkers: availableParallelism(), testTimeout: 60_000, include: ['{packages,apps}/*/test/**/*.test.ts'], exclude: ['**/*.integration.test.ts', '**/node_modules/**'] },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: 'integration',
          env,
          include: ['{packages,apps}/*/test/**/*.integration.test.ts'],
          maxWorkers: 2,
          // Said aloud by scripts/second-attempts.ts, and by the last lines of CI.
          retry: process.env['CI'] === 'true' ? 1 : 0,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});

export default config;
