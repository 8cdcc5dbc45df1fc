import { isLonghaulError } from '@longhaul/errors';
import { describe, expect, it } from 'vitest';

import type { SuiteContext } from './describe-session-backend.ts';
import { sh } from './session-bench.ts';

export function describeLogs({ bench }: SuiteContext): void {
  describe('logs', () => {
    it('has everything from the first byte to the last', async () => {
      await bench().start('count', sh('i=0; while [ $i -lt 2000 ]; do echo "line $i"; i=$((i + 1)); done'));
      await bench().end('count');
      expect(await bench().log('count')).toBe(Array.from({ length: 2000 }, (_, index) => `line ${String(index)}\n`).join(''));
    });

    it('gives the last lines, and an unfinished one counts', async () => {
      await bench().start('tail', sh('printf "one\\ntwo\\nthree"'));
      await bench().end('tail');
      expect(await bench().log('tail', { lines: 2 })).toBe('two\nthree');
    });

    it('follows to the end of the run', async () => {
      await bench().start('follow', sh('echo one; sleep 0.3; echo two; sleep 0.3; echo three'));
      expect(await bench().log('follow', { follow: true })).toBe('one\ntwo\nthree\n');
      expect(await bench().end('follow')).toMatchObject({ exitCode: 0 });
    });

    it('stops following when it is told to', async () => {
      await bench().start('endless', sh('echo up; sleep 60'));
      const controller = new AbortController();
      const seen: string[] = [];
      for await (const { bytes } of bench().backend.logs('endless', { follow: true, signal: controller.signal })) {
        seen.push(Buffer.from(bytes).toString());
        controller.abort();
      }
      expect(seen.join('')).toContain('up');
      expect(await bench().status('endless')).toMatchObject({ state: 'running' });
    });

    it('of a session that is not there is an error that names it', async () => {
      const failure: unknown = await bench().log('nobody').then(() => null, (error: unknown) => error);
      expect(isLonghaulError(failure, 'SESSION_NOT_FOUND')).toBe(true);
      expect(String(failure)).toContain('nobody');
    });
  });
}
