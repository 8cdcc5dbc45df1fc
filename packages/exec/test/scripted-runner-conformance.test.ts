import { setImmediate as nextTurn } from 'node:timers/promises';

import { ScriptedRunner } from '../src/testing/index.ts';
import type { ScriptedBehaviour } from '../src/testing/index.ts';
import { describeProcessRunner } from './runner-conformance.ts';

const copies: ScriptedBehaviour = async (program) => {
  for await (const chunk of program.stdin) await program.stdout(chunk);
  return { exitCode: 0 };
};

const splitsCharacter: ScriptedBehaviour = async (program) => {
  await program.stdout(Buffer.from([0xc3]));
  for await (const _line of program.stdin) break;
  await program.stdout(Buffer.from([0xa9]));
  await program.stdout(' café');
  return { exitCode: 0 };
};

const prints200000Lines: ScriptedBehaviour = async (program) => {
  for (let start = 0; start < 200_000; start += 1000) {
    const lines = Array.from({ length: 1000 }, (_, index) => `${String(start + index).padStart(7, '0')}\n`);
    await program.stdout(lines.join(''));
    await nextTurn();
  }
  return { exitCode: 0 };
};

describeProcessRunner('the scripted runner', () => ({
  runner: new ScriptedRunner()
    .always({ program: 'prints' }, { stdout: 'out\n', stderr: 'err\n', exitCode: 3 })
    .always({ program: 'copies' }, copies)
    .always({ program: 'waits' }, { stdout: 'ready\n', hangsUntil: 'signal' })
    .always({ program: 'ignores' }, { stdout: 'ready\n', hangsUntil: 'SIGKILL' })
    .always({ program: 'ends' }, { signal: 'SIGUSR1' })
    .always({ program: 'splits' }, splitsCharacter)
    .always({ program: 'lines' }, prints200000Lines)
    .always({ program: 'progress' }, { stdout: ['10%\r20', '%\rdone\n'] })
    .always({ program: 'missing' }, { kind: 'notFound' })
    .always({ program: 'forbidden' }, { kind: 'spawnFailed', errno: 'EACCES', reason: 'it may not be executed' }),
  programs: {
    printsAndExits3: { program: 'prints' },
    copies: { program: 'copies' },
    waits: { program: 'waits' },
    ignoresSignals: { program: 'ignores' },
    endsBySignal: { program: 'ends' },
    splitsCharacter: { program: 'splits' },
    prints200000Lines: { program: 'lines' },
    showsProgress: { program: 'progress' },
    missing: { program: 'missing' },
    forbidden: { program: 'forbidden' },
  },
}));
