import { describeSimulation } from './world/describe-simulation.ts';

describeSimulation({ first: 5_001, seeds: 5_000 });
