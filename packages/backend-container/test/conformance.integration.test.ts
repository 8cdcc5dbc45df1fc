import { describeSessionBackend } from '@longhaul/conformance';
import { requireService } from '@longhaul/testbed';
import { describe } from 'vitest';

import { engineOfFile, makeBed } from './container-bed.ts';

describe.each(['podman', 'docker'] as const)('%s', (runtime) => {
  describe.runIf(requireService(runtime, 'busybox', 'root'))('here', () => {
    const engine = engineOfFile(runtime);
    describeSessionBackend({
      name: runtime,
      terminal: 'no',
      create: async () => {
        const bed = await makeBed(engine());
        return {
          backend: bed.backend,
          runs: bed.runs,
          spec: (name, argv, more = {}) => bed.spec(name, argv, { ...more, container: {} }),
          reopen: () => Promise.resolve(bed.another()),
          [Symbol.asyncDispose]: async () => bed[Symbol.asyncDispose](),
        };
      },
    });
  });
});
