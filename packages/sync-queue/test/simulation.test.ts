import { describeSimulation } from './world/describe-simulation.ts';

// With simulation-second-half.test.ts: 10,000 seeds, in two processes.
describeSimulation({ first: 1, seeds: 5_000 });
