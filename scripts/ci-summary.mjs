// Adds up the steps of .ci/run and the tests of both projects; prints what failed and the closing line. Runs on any Node.
import { existsSync, readFileSync } from 'node:fs';

const outcomes = new Map(readFileSync('.tmp/steps', 'utf8').trim().split('\n').map((line) => line.split(' ').reverse()));
const steps = ['install', 'types', 'lint', 'packages', 'test'];
const reports = ['unit', 'integration'].map((project) => readReport(`.tmp/${project}.json`));

let passed = steps.filter((name) => outcomes.get(name) === 'ok').length;
let failed = steps.length - passed;
// A step that says nothing has died.
for (const name of steps) if (outcomes.get(name) !== 'ok') console.log(`failed: ${name}`);
for (const report of reports) {
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  const unrun = report.numTotalTests - report.numPassedTests - report.numFailedTests;
  // A test that is skipped in CI is a hole: it counts as failed.
  failed += unrun;
  if (unrun > 0) console.log(`failed: ${unrun} tests did not run`);
}
for (const name of ['unit', 'integration'].flatMap(secondAttempts)) console.log(`passed at its second attempt only: ${name}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

function readReport(path) {
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8'));
  console.log(`failed: ${path} was not written`);
  return { numPassedTests: 0, numFailedTests: 1, numTotalTests: 1 };
}

function secondAttempts(project) {
  const path = `.tmp/second-attempts-${project}.json`;
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : [];
}
