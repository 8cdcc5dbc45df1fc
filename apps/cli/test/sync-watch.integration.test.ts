import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

import type { SyncHost, WatchedFolder } from '@longhaul/host';
import { openHost } from '@longhaul/host';
import { waitFor } from '@longhaul/testbed';
import { expect, it, onTestFinished, vi } from 'vitest';

import type { CliWorld } from './cli-world.ts';
import { cliWorld } from './cli-world.ts';
import { receiptOf } from './sync-world.ts';

vi.setConfig({ testTimeout: 180_000 });

const PATIENCE = { deadline: 60_000, interval: 100 };

function world(): CliWorld {
  const made = cliWorld();
  for (const folder of ['nas', 'disk', 'project/scans']) mkdirSync(path.join(made.root, folder));
  made.write(
    'longhaul.yaml',
    `destinations:
  nas: { type: local, path: ${made.root}/nas }
  disk: { type: local, path: ${made.root}/disk }
watch:
  - { path: scans, settle: 1s, to: [nas, disk], exclude: "*.tmp" }
`,
  );
  return made;
}

/** The same state directory, looked at from the test's own process: quicker than a call. */
async function look(made: CliWorld): Promise<SyncHost> {
  const host = await openHost({ cwd: made.project, env: made.env, stateDir: made.stateDir, program: null });
  onTestFinished(async () => {
    await host[Symbol.asyncDispose]();
  });
  return await host.sync();
}

async function state(sync: SyncHost, name: string, wanted: string): Promise<WatchedFolder> {
  return await waitFor(async () => {
    const { watched: [top] } = await sync.watched();
    return top?.folders.find((folder) => folder.name === name && folder.state === wanted) ?? null;
  }, { what: `${name} to be ${wanted}`, ...PATIENCE });
}

/** Comes into the watched folder whole, in one step. */
function place(made: CliWorld, file: string, files: Readonly<Record<string, string>> | string): void {
  if (typeof files === 'string') made.write('made', files);
  else for (const [name, content] of Object.entries(files)) made.write(`made/${name}`, content);
  renameSync(path.join(made.project, 'made'), path.join(made.project, file));
}

const arrived = async (result: string): Promise<true> => await waitFor(() => (existsSync(path.join(result, '.longhaul/longhaul.json')) ? true : null), { what: result, ...PATIENCE });

it('sends each new folder once to every destination, what is added to it too, and never a folder that has lost what was sent', async () => {
  const made = world();
  const nas = path.join(made.root, 'nas');
  expect((await made.longhaul(['sync', 'watch'])).stderr).toContain('nobody watches now');
  expect((await made.longhaul(['config', 'check'])).stdout).toContain('1 watched folder');
  const worker = made.start(['sync', 'work', '--watch']);
  const sync = await look(made);
  place(made, 'scans/one', { a: 'a', b: 'b', 'x.tmp': 'x' });
  place(made, 'scans/lost', { a: 'a', b: 'b' });
  for (const name of ['nas/one', 'disk/one', 'nas/lost', 'disk/lost']) await arrived(path.join(made.root, name));
  expect(existsSync(path.join(nas, 'one/x.tmp'))).toBe(false);
  expect((await state(sync, 'one', 'sent')).jobs.map(({ destination, state: job }) => [destination, job])).toEqual([['nas', 'VERIFIED'], ['disk', 'VERIFIED']]);
  await state(sync, 'lost', 'sent');
  // Nothing of what it knew is told to whoever comes next.
  worker.process.kill('SIGKILL');
  await worker.ended;

  place(made, 'scans/one/more', 'm');
  rmSync(path.join(made.project, 'scans/lost/a'));
  place(made, 'scans/two', { c: 'c' });
  const server = made.start(['serve']);
  expect((await state(sync, 'lost', 'held')).reason).toContain('a was sent and gone here since: the result at the destination stays as it is');
  expect(existsSync(path.join(nas, 'lost/a'))).toBe(true);
  await waitFor(() => (['nas', 'disk'].every((name) => receiptOf(path.join(made.root, name, 'one')).generation === 2) && existsSync(path.join(nas, 'one/more')) ? true : null), PATIENCE);
  for (const name of ['one', 'two']) await state(sync, name, 'sent');
  server.process.kill('SIGTERM');
  expect((await server.ended).code).toBe(0);

  const { jobs } = await sync.queue.list();
  expect(jobs.map(({ source, destination, generation }) => [path.basename(source), destination, generation].join(' ')).sort()).toEqual(['lost disk 1', 'lost nas 1', 'one disk 1', 'one disk 2', 'one nas 1', 'one nas 2', 'two disk 1', 'two nas 1']);
  const shown = await made.longhaul(['sync', 'watch']);
  expect(shown.stdout).toMatch(/scans -> nas, disk {2}2 sent, 1 held\nlost\theld\t/);
});
