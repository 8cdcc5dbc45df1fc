// A reporter of vitest: names each test that failed at first and passed at its second attempt. CI allows one, because a test on real
// services may meet a machine that stands still for seconds; nobody is to overlook that it was needed.
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/** Writes `.tmp/second-attempts-<project>.json`, a list of names. */
export class SecondAttempts implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const flaky = modules.flatMap((module) => [...module.children.allTests()].filter((test) => test.diagnostic()?.flaky === true).map((test) => `${module.relativeModuleId} > ${test.fullName}`));
    const project = modules[0]?.project.name ?? 'none';
    mkdirSync('.tmp', { recursive: true });
    writeFileSync(`.tmp/second-attempts-${project}.json`, `${JSON.stringify(flaky, null, 2)}\n`);
    for (const name of flaky) console.error(`passed at its second attempt only: ${name}`);
  }
}

// vitest takes a reporter by its file, and asks for the default export.
export { SecondAttempts as default };
