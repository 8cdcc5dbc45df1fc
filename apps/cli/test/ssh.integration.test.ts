import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { Job } from '@longhaul/sync-queue';
import type { Sshd } from '@longhaul/testbed';
import { requireService, runProgram, startSshd } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished } from 'vitest';

import type { CliWorld } from './cli-world.ts';
import { cliWorld } from './cli-world.ts';

interface Place {
  readonly world: CliWorld;
  readonly sshd: Sshd;
  readonly remote: string;
  /** Writes longhaul.yaml with this key and these known hosts. */
  readonly configure: (files: { readonly sshKey: string; readonly knownHosts: string }) => void;
}

async function place(): Promise<Place> {
  const sshd = await startSshd();
  onTestFinished(async () => {
    await sshd.stop();
    await sshd[Symbol.asyncDispose]();
  });
  const world = cliWorld();
  const remote = path.join(world.root, 'remote');
  mkdirSync(remote);
  return {
    world,
    sshd,
    remote,
    configure: ({ sshKey, knownHosts }) => {
      world.write('longhaul.yaml', `destinations:\n  nas: { type: rsync_ssh, target: ${sshd.target}, port: ${String(sshd.port)}, path: ${remote}, sshKey: ${sshKey}, knownHosts: ${knownHosts} }\n`);
    },
  };
}

async function onlyJob(world: CliWorld): Promise<Job | undefined> {
  return (await world.json<{ jobs: readonly Job[] }>(['sync', 'list'])).jobs[0];
}

describe.runIf(requireService('sshd', 'rsync'))('a destination that is reached by ssh', () => {
  it('is trusted after its fingerprint was shown, then probed, then holds what was pushed', async () => {
    const { world, sshd, remote, configure } = await place();
    const knownHosts = path.join(world.root, 'known_hosts');
    configure({ sshKey: sshd.clientKey, knownHosts });

    const probe = await world.longhaul(['sync', 'destinations', 'probe', 'nas']);
    expect(probe).toMatchObject({ code: 6, stdout: expect.stringContaining('host_key') as string });
    expect(await world.longhaul(['sync', 'destinations', 'trust', 'nas'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') as string });
    expect((await world.longhaul(['sync', 'destinations', 'trust', 'nas', '--dry-run'])).code).toBe(0);
    expect(existsSync(knownHosts)).toBe(false);
    const trusted = await world.longhaul(['sync', 'destinations', 'trust', 'nas', '--yes']);
    const { stdout: shown } = await runProgram('ssh-keygen', ['-lf', path.join(path.dirname(sshd.clientKey), 'host_key.pub')]);
    expect(trusted).toMatchObject({ code: 0, stderr: expect.stringContaining(shown.split(' ')[1] ?? '?') as string });
    expect(readFileSync(knownHosts, 'utf8')).toContain(`[127.0.0.1]:${String(sshd.port)} ${sshd.hostKey}`);
    expect((await world.longhaul(['sync', 'destinations', 'trust', 'nas'])).stdout).toMatch(/known already/);
    expect((await world.longhaul(['sync', 'destinations', 'probe', 'nas'])).code).toBe(0);

    for (const name of ['plain', 'with space', '#hash;semi', '-dash']) world.write(`results/${name}`, name);
    const pushed = await world.longhaul(['sync', 'push', 'results', '--to', 'nas', '--wait']);
    expect(pushed).toMatchObject({ code: 0, stdout: expect.stringContaining('VERIFIED 4 files') as string });
    await runProgram('sha256sum', ['--quiet', '-c', '.longhaul/checksums.sha256'], { cwd: path.join(remote, 'results') });
  });

  it('with a key that it does not know fails at once, says why and what to do, and goes on after a retry', async () => {
    const { world, sshd, configure } = await place();
    configure({ sshKey: sshd.strangerKey, knownHosts: sshd.knownHosts });
    world.write('results/file', 'x');
    const refused = await world.longhaul(['sync', 'push', 'results', '--to', 'nas', '--wait']);
    expect(refused).toMatchObject({ code: 1, stdout: expect.stringMatching(/FAILED auth: /) as string });
    const job = await onlyJob(world);
    expect(job).toMatchObject({ state: 'FAILED', errorKind: 'auth', evidence: expect.stringContaining('Permission denied') as string });
    expect((await world.longhaul(['why', job?.id ?? ''])).stdout).toMatch(/FAILED: auth[^]*evidence +.*Permission denied[^]*fix +/);

    // The correction in the file is enough: the queue reads it anew.
    configure({ sshKey: sshd.clientKey, knownHosts: sshd.knownHosts });
    expect((await world.longhaul(['sync', 'retry', job?.id ?? '', '--no-worker'])).code).toBe(0);
    expect((await world.longhaul(['sync', 'work', '--drain'])).code).toBe(0);
    expect(await onlyJob(world)).toMatchObject({ state: 'VERIFIED' });
  });

  it('whose host key has changed is never trusted by itself', async () => {
    const { world, sshd, configure } = await place();
    const knownHosts = path.join(world.root, 'changed');
    writeFileSync(knownHosts, readFileSync(sshd.changedKnownHosts));
    configure({ sshKey: sshd.clientKey, knownHosts });
    const trust = await world.longhaul(['sync', 'destinations', 'trust', 'nas', '--yes']);
    expect(trust).toMatchObject({ code: 1, stderr: expect.stringMatching(/ANOTHER KEY[^]*has changed[^]*ssh-keygen -R/) as string });
    expect(readFileSync(knownHosts, 'utf8')).toBe(readFileSync(sshd.changedKnownHosts, 'utf8'));

    world.write('results/file', 'x');
    expect(await world.longhaul(['sync', 'push', 'results', '--to', 'nas', '--wait'])).toMatchObject({ code: 1 });
    expect((await world.longhaul(['sync', 'destinations'])).stdout).toContain('host key not trusted: longhaul sync destinations trust nas');
    const [summary = '', ...events] = (await world.longhaul(['sync', 'show', 'results'])).stdout.split('\n\n');
    // Each says it once, the state as it stands and the event that made it so.
    expect(summary.match(/Host key verification failed|HOST IDENTIFICATION HAS CHANGED/g)).toHaveLength(1);
    expect(events.join('').match(/Host key verification failed|HOST IDENTIFICATION HAS CHANGED/g)).toHaveLength(1);
  });
});
