import type { TestEngine } from '@longhaul/testbed';
import { requireService } from '@longhaul/testbed';
import { describe } from 'vitest';

import { engineOfFile } from './container-bed.ts';

/** The same tests on podman and on docker, each with an engine of its own for the whole file. */
export function describeBoth(title: string, tests: (engine: () => TestEngine, runtime: 'podman' | 'docker') => void): void {
  for (const runtime of ['podman', 'docker'] as const) {
    describe.runIf(requireService(runtime, 'busybox', 'root'))(`${title} (${runtime})`, () => {
      tests(engineOfFile(runtime), runtime);
    });
  }
}
