export { complete } from './commands/complete.ts';
export { completion } from './commands/completion.ts';
export { parseCall } from './parse-call.ts';
