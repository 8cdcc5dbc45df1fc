// `pnpm chaos [--minutes N] [--seed N] [--engines podman,docker] [--favour 'kill launcher,restart dockerd'] [--keep]`: random starts, stops and kills, then
// everything is held against what the jobs themselves wrote down. Ends with 1 where something does not hold. Not part of the tests: it takes as long as it
// is given. `--engines ''`: tmux alone. `--favour`: these actions happen more often. `--keep`: the folder stays where something does not hold.
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startDockerd, startPodman } from '@longhaul/testbed';
import { actionsFavouring, chooseAction } from './actions.ts';
import { ChaosWorld, type RunLine } from './chaos-world.ts';
import { chance } from './random.ts';
import { gapsTold, violations } from './verdicts.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    engines: { type: 'string', default: 'podman,docker' },
    favour: { type: 'string', default: '' },
    keep: { type: 'boolean', default: false },
  },
});

await using stack = new AsyncDisposableStack();
const wanted = values.engines.split(',');
const podman = wanted.includes('podman') ? stack.use(await startPodman()) : undefined;
const docker = wanted.includes('docker') ? stack.use(await startDockerd()) : undefined;
const world = stack.use(await ChaosWorld.open({ podman, docker }));
const actions = actionsFavouring(values.favour.split(',').filter((name) => name !== ''));
const random = chance(Number(values.seed));
const end = Date.now() + Number(values.minutes) * 60_000;
const done = new Map<string, number>();

for (let number = 1; Date.now() < end; number += 1) {
  const action = chooseAction(actions, random);
  const line = await action.run({ world, chance: random, number });
  done.set(action.name, (done.get(action.name) ?? 0) + 1);
  console.error(`${new Date().toISOString()} ${String(number)} ${line}`);
  await delay(random.below(100));
}

// Whoever still runs is asked to end, until nobody does; a container whose launcher was killed too.
const patience = Date.now() + 120_000;
for (let running = await going(); running.length > 0 && Date.now() < patience; running = await going()) {
  const { code, stderr } = await world.longhaul(['stop', '--force', ...new Set(running.map(({ name }) => name))]);
  if (code !== 0) console.error(`stop ended with ${String(code)}: ${stderr.toString().trim()}`);
  await delay(500);
}

async function going(): Promise<readonly RunLine[]> {
  return (await world.runs()).filter(({ state }) => state !== 'exited' && state !== 'stopped');
}

const runs = await world.runs();
const found = await violations(world);
for (const violation of found) console.log(violation);
if (found.length > 0 && values.keep) console.log(`kept: ${world.keep()}`);
console.log(`${String(runs.length)} runs, seed ${values.seed}, ${values.minutes} minutes: ${[...done].map(([name, times]) => `${name} ${String(times)}`).join(', ')}`);
console.log(`${String(world.outages.length)} times without dockerd; ${String(gapsTold(world, runs))} runs say that output may be missing`);
console.log(found.length === 0 ? 'everything holds' : `${String(found.length)} violations`);
process.exitCode = found.length === 0 ? 0 : 1;
