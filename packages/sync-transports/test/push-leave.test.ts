import { mkdirSync } from 'node:fs';
import { runToEnd, tempDir } from '@longhaul/testbed';
import { expect, it } from 'vitest';
import { RSYNC_WRAPPER } from '../src/rsync-ssh/scripts/push-script.ts';

/** Runs the wrapper with `echo` as rsync; `before` is shell text in front of it. */
async function wrapped(folder: string, before = ''): Promise<{ readonly code: number | null; readonly stdout: string }> {
  const { code, stdout } = await runToEnd('sh', ['-c', `${before}\nd=$1 r=echo\nset -- begun\n${RSYNC_WRAPPER}`, 'sh', folder]);
  return { code, stdout: stdout.toString() };
}

it('begins where its folder is, and not where a later push has taken that away', async () => {
  await using dir = await tempDir('longhaul-leave-');
  mkdirSync(dir.join('push.1'));
  expect(await wrapped(dir.join('push.1'))).toEqual({ code: 0, stdout: 'begun\n' });
  expect(await wrapped(dir.join('push.2'))).toEqual({ code: 9, stdout: '' });
});

it('does not begin where the folder went before anybody could read in it who is to be ended', async () => {
  await using dir = await tempDir('longhaul-leave-');
  mkdirSync(dir.join('push.1'));
  const meanwhile = `printf() { case $1 in '%s %s'*) mv "$d" "$d.aside" ;; esac; command printf "$@"; }`;
  expect(await wrapped(dir.join('push.1'), meanwhile)).toEqual({ code: 9, stdout: '' });
});
