// `pnpm test [vitest arguments]`: installs what the tests need, then runs the unit tests and the integration tests, on real services.
// Reports for programs go to .tmp/.
import { spawnSync } from 'node:child_process';
import { ensureServices, TEST_SERVICES } from './services.ts';

const missing = ensureServices(TEST_SERVICES);
if (missing.length > 0 && process.env['CI'] === 'true') {
  console.error('CI runs every test: a missing program fails the run');
  process.exit(1);
}

const args = process.argv.slice(2).filter((arg) => arg !== '--');
const codes = ['unit', 'integration'].map((project) => runProject(project));
process.exit(Math.max(...codes));

function runProject(project: string): number {
  const reporters = ['--reporter=default', '--reporter=./scripts/second-attempts.ts', '--reporter=json', `--outputFile.json=.tmp/${project}.json`];
  const result = spawnSync('vitest', ['run', '--project', project, '--passWithNoTests', ...reporters, ...args], { stdio: 'inherit' });
  if (result.error) throw result.error;
  return result.status ?? 1;
}
