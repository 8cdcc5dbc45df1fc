export { doctor } from './commands/doctor.ts';
export { parseCall } from './parse-call.ts';
