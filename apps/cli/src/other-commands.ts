export { configCheck } from './commands/config-check.ts';
export { configSchema } from './commands/config-schema.ts';
export { configShow } from './commands/config-show.ts';
export { parseCall } from './parse-call.ts';
export { serve } from './commands/serve.ts';
export { version } from './commands/version.ts';
export { didYouMean } from '@longhaul/config';
