import { REDACTED, redact } from './redact.ts';
import { SECRET_NAME } from './secret-rules.ts';

const ENV_FLAGS: ReadonlySet<string> = new Set(['-e', '--env']);
const ASSIGNMENT = /^([A-Za-z_][\w.]*=)[^]*$/;
const ENV_FLAG_WITH_VALUE = /^(-e|--env=)([A-Za-z_][\w.]*=)[^]*$/;
const SECRET_FLAG = new RegExp(String.raw`^--?[\w-]*${SECRET_NAME}[\w-]*$`, 'i');
const SECRET_ASSIGNMENT = new RegExp(String.raw`^([\w.-]*${SECRET_NAME}[\w-]*=)[^]*$`, 'i');

/**
 * Takes secrets out of a command line that is still an array, where a value with spaces has known ends: what follows
 * `-e KEY=`, `--env KEY=`, a flag named like a secret, and the assignments of `env A=… program` (design §3).
 */
export function redactArgv(argv: readonly string[], secrets: readonly string[] = []): string[] {
  const leading = leadingAssignments(argv);
  return argv.map((argument, index) => {
    const previous = argv[index - 1];
    if (index > 0 && index <= leading) return argument.replace(ASSIGNMENT, `$1${REDACTED}`);
    if (previous !== undefined && ENV_FLAGS.has(previous) && ASSIGNMENT.test(argument)) return argument.replace(ASSIGNMENT, `$1${REDACTED}`);
    if (previous !== undefined && SECRET_FLAG.test(previous) && !argument.startsWith('-')) return REDACTED;
    if (ENV_FLAG_WITH_VALUE.test(argument)) return argument.replace(ENV_FLAG_WITH_VALUE, `$1$2${REDACTED}`);
    if (SECRET_ASSIGNMENT.test(argument)) return argument.replace(SECRET_ASSIGNMENT, `$1${REDACTED}`);
    return redact(argument, secrets);
  });
}

/** How many arguments after `env` are assignments. */
function leadingAssignments(argv: readonly string[]): number {
  if (argv[0]?.split('/').at(-1) !== 'env') return 0;
  const end = argv.findIndex((argument, index) => index > 0 && !ASSIGNMENT.test(argument) && !argument.startsWith('-'));
  return end === -1 ? argv.length - 1 : end - 1;
}
