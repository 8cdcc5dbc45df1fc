import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { SessionStatus } from '@longhaul/sessions';
import { findProgram, requireService, waitFor } from '@longhaul/testbed';
import { describe, expect, it } from 'vitest';

import type { CliWorld, RunningCall } from './cli-world.ts';
import { cliWorld } from './cli-world.ts';

interface Held {
  readonly world: CliWorld;
  readonly call: RunningCall;
  /** Lets tmux do what it was told. */
  readonly release: () => void;
}

describe.runIf(requireService('tmux', 'script'))('a start that is interrupted', () => {
  it('says that the job runs, where it came up all the same', async () => {
    const { world, call, release } = await heldStart('exec "$@"');
    call.process.kill('SIGINT');
    release();
    const { code, stderr } = await call.ended;
    expect([code, stderr]).toEqual([130, 'interrupted: train was started and goes on. Follow it: longhaul logs train -f    end it: longhaul stop train\n']);
    expect((await world.json<{ session: SessionStatus }>(['status', 'train'])).session.state).toBe('running');
  });

  it('says that nothing was started, where that is so', async () => {
    const { world, call, release } = await heldStart('echo "no space for a server" >&2; exit 1');
    call.process.kill('SIGINT');
    release();
    const { code, stderr } = await call.ended;
    expect([code, stderr]).toEqual([130, 'interrupted: nothing was started\n']);
    expect((await world.longhaul(['status', 'train'])).code).toBe(3);
  });

  it('says of a restart that the job was not started again', async () => {
    const { world, call, release } = await heldStart('exit 1', ['restart', 'train', '--force']);
    call.process.kill('SIGINT');
    release();
    const { code, stderr } = await call.ended;
    expect([code, stderr]).toEqual([130, 'interrupted: train was not started again. What became of it: longhaul status train\n']);
    expect((await world.json<{ session: SessionStatus }>(['status', 'train'])).session.state).toBe('stopped');
  });

  it('says that it does not know, where a second interrupt ends it before it does', async () => {
    const { call } = await heldStart('exit 1');
    // Two of one kind may become one.
    call.process.kill('SIGINT');
    call.process.kill('SIGTERM');
    const { code, stderr } = await call.ended;
    expect([130, 143]).toContain(code);
    expect(stderr).toContain('interrupted: whether train comes up is not known yet. See: longhaul status train');
  });
});

/** `longhaul start train`, or what is to be done with it once it runs, whose tmux waits before it makes the session, and then does as `then` says. */
async function heldStart(then: string, later: readonly string[] | null = null): Promise<Held> {
  const world = cliWorld();
  const starting = ['start', 'train', '--', 'sleep', '600'];
  if (later !== null) await world.json(starting);
  const bin = path.join(world.root, 'bin');
  const [asked, go] = [path.join(world.root, 'asked'), path.join(world.root, 'go')];
  world.write('../bin/tmux', `#!/bin/sh\ncase " $* " in *" new-session "*) : > '${asked}'; while [ ! -e '${go}' ]; do sleep 0.02; done; set -- '${findProgram('tmux') ?? 'tmux'}' "$@"; ${then} ;; esac\nexec '${findProgram('tmux') ?? 'tmux'}' "$@"\n`);
  chmodSync(path.join(bin, 'tmux'), 0o755);
  const call = world.start(later ?? starting, { env: { PATH: `${bin}:${world.env['PATH'] ?? ''}` } });
  await waitFor(() => existsSync(asked), { what: 'the call of tmux' });
  return { world, call, release: () => { writeFileSync(go, ''); } };
}
