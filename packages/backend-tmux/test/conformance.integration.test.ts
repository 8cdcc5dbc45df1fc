import { describeSessionBackend } from '@longhaul/conformance';
import { requireService } from '@longhaul/testbed';
import { describe } from 'vitest';

import { makeBed } from './tmux-bed.ts';

describe.runIf(requireService('tmux', 'script'))('tmux', () => {
  describeSessionBackend({
    name: 'tmux',
    terminal: 'yes',
    create: async () => {
      const bed = await makeBed();
      return { backend: bed.backend, runs: bed.runs, spec: (name, argv, more) => bed.spec(name, argv, more), reopen: () => Promise.resolve(bed.another()), [Symbol.asyncDispose]: async () => bed[Symbol.asyncDispose]() };
    },
  });
});
