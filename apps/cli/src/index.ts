export { main } from './cli.ts';
export { EXIT } from './exit-code.ts';
