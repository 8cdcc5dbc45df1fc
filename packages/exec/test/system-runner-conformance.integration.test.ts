import { systemRunner } from '../src/index.ts';
import { describeProcessRunner } from './runner-conformance.ts';

const sh = (script: string) => ({ program: 'sh', args: ['-c', script] });

const programs = {
  printsAndExits3: sh('echo out; echo err >&2; exit 3'),
  copies: { program: 'cat' },
  // Opened for reading and writing, a pipe of its own never has an end: a wait without a sleep.
  waits: sh('echo ready; exec tail -f /dev/null'),
  ignoresSignals: sh('trap "" HUP INT QUIT TERM USR1 USR2; echo ready; while :; do tail -f /dev/null; done'),
  endsBySignal: sh('kill -USR1 $$'),
  splitsCharacter: sh(String.raw`printf '\303'; read -r go; printf '\251 caf\303\251'`),
  prints200000Lines: { program: 'seq', args: ['-f', '%07.0f', '0', '199999'] },
  showsProgress: sh(String.raw`printf '10%%\r20%%\rdone\n'`),
  missing: { program: 'longhaul-no-such-program' },
  forbidden: { program: '/etc/passwd' },
} as const;

describeProcessRunner('the system runner', () => ({ runner: systemRunner(), programs }));
describeProcessRunner("the system runner with Node's spawn", () => ({ runner: systemRunner({ engine: 'node' }), programs }));
