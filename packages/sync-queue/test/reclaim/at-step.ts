import type { ReclaimStep } from '@longhaul/sync-queue';

/** Does something once, at a step of the reclaim: what others do while it runs. */
export function at(step: ReclaimStep, act: () => Promise<void> | void): { readonly afterStep: (reached: ReclaimStep) => Promise<void> } {
  let done = false;
  return {
    afterStep: async (reached) => {
      if (done || reached !== step) return;
      done = true;
      await act();
    },
  };
}
