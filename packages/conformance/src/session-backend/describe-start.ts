import { isLonghaulError } from '@longhaul/errors';
import { describe, expect, it } from 'vitest';

import type { SuiteContext } from './describe-session-backend.ts';
import { sh } from './session-bench.ts';

/** What must arrive as it is, and must not be executed on the way. */
const ODD_ARGUMENTS = ['two words', "it's", '"', '\\', 'a\nb', ';', '; exit 3', '#(exit 4)', '#{pid}', '$HOME', '$(exit 5)', '`exit 6`', '-x', '--', '', '*', '~', 'grün', '火', '%s', '!!', '\t', '&'];

/** Prints each of its arguments between brackets, whatever is in it. */
const SHOW = sh('for argument do printf "[%s]" "$argument"; done; echo', ...ODD_ARGUMENTS);

export function describeStart({ bench, subject }: SuiteContext): void {
  describe('start', () => {
    it('answers when the job runs, with what the record says of it', async () => {
      const { run, status } = await bench().start('train', sh('echo up; sleep 60'));
      expect(status).toMatchObject({ name: 'train', backend: subject().backend.kind, state: 'running', runId: run.runId, managed: true, exitCode: null, endedAt: null });
      expect(status.startedAt).not.toBeNull();
      expect(status.pid).toBeGreaterThan(1);
      expect(await bench().status('train')).toMatchObject({ state: 'running', pid: status.pid, startedAt: status.startedAt });
    });

    it('hands over every argument as it is, and executes none of them', async () => {
      await bench().start('odd', SHOW);
      expect(await bench().end('odd')).toMatchObject({ exitCode: 0 });
      expect(await bench().log('odd')).toBe(`${ODD_ARGUMENTS.map((argument) => `[${argument}]`).join('')}\n`);
    });

    it('gives the job the environment of its spec, whatever is in the values', async () => {
      const value = `a'b"c\\d $HOME \`x\` ${'ü'.repeat(10)}; #(x)\nsecond line`;
      const base = subject().spec('env', ['true']).env;
      await bench().start('env', sh('printf "<%s>" "$LONGHAUL_TEST_VALUE"'), { env: [...base, { name: 'LONGHAUL_TEST_VALUE', value }] });
      await bench().end('env');
      expect(await bench().log('env')).toBe(`<${value}>`);
    });

    it('says that a command that does not exist could not be started, and leaves nothing running', async () => {
      const failure: unknown = await bench().start('nope', ['no-such-command-anywhere']).then(() => null, (error: unknown) => error);
      expect(isLonghaulError(failure, 'SESSION_START')).toBe(true);
      expect(String(failure)).toContain('no-such-command-anywhere');
      const presence = await bench().backend.status('nope');
      expect(presence.kind === 'present' ? presence.status.state : presence.kind).not.toBe('running');
    });

    it('gives the name to one of two that start it at the same time', async () => {
      const both = await Promise.allSettled([bench().start('twice', sh('sleep 60')), bench().start('twice', sh('sleep 60'))]);
      expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      const refused = both.find((result) => result.status === 'rejected');
      expect(isLonghaulError(refused?.reason, 'SESSION_EXISTS')).toBe(true);
      expect(await bench().status('twice')).toMatchObject({ state: 'running' });
    });

    it('starts a name again when its run has ended', async () => {
      const first = await bench().start('again', sh('exit 1'));
      await bench().end('again');
      const second = await bench().start('again', sh('exit 2'));
      expect(await bench().end('again')).toMatchObject({ exitCode: 2, runId: second.run.runId });
      expect(subject().runs.status(first.run)).toMatchObject({ exitCode: 1 });
    });
  });
}
