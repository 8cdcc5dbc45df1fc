import { isLonghaulError } from '@longhaul/errors';
import { describe, expect, it } from 'vitest';

import type { SuiteContext } from './describe-session-backend.ts';
import type { SessionBackendSuite } from './session-backend-subject.ts';
import { sh } from './session-bench.ts';

export function describeTerminal({ bench, subject }: SuiteContext, terminal: SessionBackendSuite['terminal']): void {
  describe('the terminal', () => {
    if (terminal === 'yes') describeInput(bench);

    it('is gone with the job: attach and send say so', async () => {
      await bench().start('gone', sh('exit 0'));
      await bench().end('gone');
      const attach: unknown = await bench().backend.attach('gone', { mode: 'read-write' }).then(() => null, (error: unknown) => error);
      const send: unknown = await bench().backend.send('gone', { text: 'x' }).then(() => null, (error: unknown) => error);
      expect(isLonghaulError(attach, 'SESSION_ATTACH')).toBe(true);
      expect(isLonghaulError(send, 'SESSION_ATTACH')).toBe(true);
    });

    it('can be reached by a command while the job runs', async () => {
      await bench().start('attachable', sh('sleep 60'));
      const { program, args } = await bench().backend.attach('attachable', { mode: 'read-only' });
      expect(program).not.toBe('');
      expect(args.length).toBeGreaterThan(0);
    });

    it('has a program behind it that can be probed', async () => {
      const probe = await bench().backend.probe();
      expect(probe).toMatchObject({ kind: subject().backend.kind });
      expect(probe.version).toMatch(/\d/);
    });
  });
}

/** What can be typed into a job. */
function describeInput(bench: SuiteContext['bench']): void {
  it('takes text as it is typed', async () => {
    await bench().start('reader', sh('stty -echo; echo up; IFS= read -r line; printf "<%s>\\n" "$line"'));
    await bench().logHas('reader', 'up');
    await bench().backend.send('reader', { text: '-x; #{pid} $HOME \'"ü\n' });
    expect(await bench().end('reader')).toMatchObject({ exitCode: 0 });
    expect(await bench().log('reader')).toContain('<-x; #{pid} $HOME \'"ü>');
  });

  it('takes keys by their names', async () => {
    await bench().start('keys', sh('trap "echo caught; exit 6" INT; echo up; while :; do sleep 0.1; done'));
    await bench().logHas('keys', 'up');
    await bench().backend.send('keys', { keys: ['C-c'] });
    expect(await bench().end('keys')).toMatchObject({ exitCode: 6, stoppedBy: null });
  });
}
