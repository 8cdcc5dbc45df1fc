import { SessionConfigError } from '@longhaul/errors';

import type { ReadyCheck } from '../session-spec.ts';

const FORMS = 'Use log:PATTERN, tcp:PORT, tcp:HOST:PORT, an address such as http://localhost:8080/health, or command:TEXT';

/**
 * A readiness check as one text: `log:listening on`, `tcp:8080`, `tcp:db:5432`, `http://localhost:8080/health`, `command:./ready.sh`, which
 * is run by `sh -c` (design §4.6).
 *
 * @throws SessionConfigError for anything else
 */
export function parseReadyCheck(text: string): ReadyCheck {
  const [, kind, rest = ''] = /^(log|tcp|command):([^]+)$/.exec(text) ?? [];
  if (kind === 'log') return checkedReady({ kind, pattern: rest });
  if (kind === 'command') return checkedReady({ kind, argv: ['sh', '-c', rest] });
  if (kind === 'tcp') {
    const [, host = 'localhost', port = ''] = /^(?:(.+):)?(\d+)$/.exec(rest) ?? [];
    return checkedReady({ kind, host: host.replace(/^\[|\]$/g, ''), port: Number(port === '' ? Number.NaN : port) });
  }
  if (/^https?:\/\//i.test(text)) return checkedReady({ kind: 'http', url: text });
  throw new SessionConfigError(`${JSON.stringify(text)} is not a readiness check`, { hint: FORMS });
}

/** The same check, once it is known that it can be made. @throws SessionConfigError */
export function checkedReady(check: ReadyCheck): ReadyCheck {
  const problem = problemOf(check);
  if (problem === null) return check;
  throw new SessionConfigError(`the readiness check cannot be used: ${problem}`, { hint: FORMS });
}

function problemOf(check: ReadyCheck): string | null {
  switch (check.kind) {
    case 'log':
      return patternProblem(check.pattern);
    case 'tcp':
      if (check.host === '' || /[\s\0]/.test(check.host)) return `${JSON.stringify(check.host)} is not a host`;
      return Number.isSafeInteger(check.port) && check.port >= 1 && check.port <= 65_535 ? null : 'a port is a number from 1 to 65535';
    case 'http':
      return URL.canParse(check.url) && /^https?:$/.test(new URL(check.url).protocol) ? null : 'its address is not one of http or https';
    case 'command':
      if (check.argv[0] === undefined || check.argv[0] === '') return 'its command is empty';
      return check.argv.some((argument) => argument.includes('\0')) ? 'its command holds a NUL' : null;
  }
}

function patternProblem(pattern: string): string | null {
  if (pattern === '') return 'its pattern is empty';
  try {
    new RegExp(pattern, 'mu');
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
