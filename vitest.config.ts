import { defineConfig, type ViteUserConfig } from 'vitest/config';

const conditions = ['@longhaul/source', 'node', 'import', 'default'];
const shared = { mockReset: true, unstubEnvs: true, unstubGlobals: true };

/** Two projects: `unit` runs in parallel, `integration` talks to real services and runs one file at a time. */
const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    projects: [
      {
        extends: true,
        test: { ...shared, name: 'unit', testTimeout: 60_000, include: ['{packages,apps}/*/test/**/*.test.ts'], exclude: ['**/*.integration.test.ts', '**/node_modules/**'] },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: 'integration',
          include: ['{packages,apps}/*/test/**/*.integration.test.ts'],
          fileParallelism: false,
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
