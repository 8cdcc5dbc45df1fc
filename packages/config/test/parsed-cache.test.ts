import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { expect, it } from 'vitest';

import type { LoadedConfig, ParsedCache } from '../src/index.ts';
import { loadConfig } from '../src/index.ts';
import { parseConfigText } from '../src/parse-config-text.ts';
import { locatedBy, positionsOf } from '../src/parsed-file.ts';
import { recall } from '../src/parsed-cache.ts';
import type { ProjectFolder } from './project-folder.ts';
import { projectFolder } from './project-folder.ts';

const TEXT = `
tmux: { socket: lab }
stop: &stop { timeout: 20s }
sessions:
  train:
    command: [python, train.py]
    env: { A: "1" }
    stop: *stop
    outputs: [{ path: runs/today, to: [nas] }]
watch: [{ path: /data/runs, to: nas }]
destinations:
  nas: { type: local, path: /mnt/nas, bandwidth: { uploadMbps: 50, windows: [{ from: "08:00", to: "18:00", uploadMbps: 5 }] } }
`;

interface World extends ProjectFolder {
  readonly file: string;
  readonly state: string;
  readonly cache: ParsedCache;
  readonly load: (cache?: ParsedCache) => Promise<LoadedConfig>;
}

function world(): World {
  const folder = projectFolder();
  const state = path.join(folder.root, 'state');
  mkdirSync(state, { mode: 0o700 });
  const cache = { folder: path.join(state, 'cache'), program: 'one' };
  const file = folder.write('project/longhaul.yaml', TEXT);
  return { ...folder, file, state, cache, load: (used) => loadConfig({ cwd: folder.project, home: folder.home, env: {}, cache: used }) };
}

const entryIn = ({ cache }: World): string => path.join(cache.folder, readdirSync(cache.folder)[0] ?? '');

it('gives the same configuration, and the same places in the file, from what it kept', async () => {
  const { load, cache, file } = world();
  const plain = await load();
  expect(await load(cache)).toEqual(plain);
  expect(recall(cache, file, TEXT)).not.toBeNull();
  expect(await load(cache)).toEqual(plain);
});

it('knows the place of everything that stands in a file, and the nearest one of what does not', () => {
  const parsed = parseConfigText(TEXT, 'longhaul.yaml');
  const locate = locatedBy(positionsOf(parsed));
  for (const at of [['tmux'], ['tmux', 'socket'], ['sessions', 'train', 'outputs', 0, 'to'], ['sessions', 'train', 'stop', 'timeout'], ['watch', 0], ['destinations', 'nas', 'bandwidth', 'windows', 0, 'from'], ['sessions', 'nobody', 'env'], []]) {
    expect(locate(at)).toEqual(parsed.locate(at));
  }
});

it('names line and column of a destination that does not exist, from what it kept too', async () => {
  const { load, cache, ...folder } = world();
  folder.write('project/longhaul.yaml', TEXT.replace('to: [nas]', 'to: [nass]'));
  const errors = [await load().catch(String), await load(cache).catch(String), await load(cache).catch(String)];
  expect(new Set(errors).size).toBe(1);
  expect(errors[0]).toContain('nass');
});

it('reads a file anew that has changed, however it was changed', async () => {
  const { load, cache, ...folder } = world();
  await load(cache);
  folder.write('project/longhaul.yaml', TEXT.replace('socket: lab', 'socket: bal'));
  expect((await load(cache)).config.tmux.socket).toBe('bal');
});

it('keeps what it read for its owner alone, and leaves nothing else behind', async () => {
  const made = world();
  await made.load(made.cache);
  expect(readdirSync(made.cache.folder)).toHaveLength(1);
  expect(statSync(entryIn(made)).mode & 0o777).toBe(0o600);
  expect(statSync(made.cache.folder).mode & 0o777).toBe(0o700);
});

it('takes nothing from another version of the program, a torn file, or a folder that others can write', async () => {
  const made = world();
  const { load, cache, file } = made;
  await load(cache);
  expect(recall({ ...cache, program: 'two' }, file, TEXT)).toBeNull();
  chmodSync(cache.folder, 0o770);
  expect(recall(cache, file, TEXT)).toBeNull();
  chmodSync(cache.folder, 0o700);
  expect(recall(cache, file, TEXT)).not.toBeNull();
  const entry = entryIn(made);
  writeFileSync(entry, readFileSync(entry, 'utf8').slice(0, -20));
  expect(recall(cache, file, TEXT)).toBeNull();
  expect((await load(cache)).config.tmux.socket).toBe('lab');
  expect(recall(cache, file, TEXT)).not.toBeNull();
});

it('makes no state directory, and gives the configuration all the same where nothing can be kept', async () => {
  const { load, cache, root, state } = world();
  const nowhere = path.join(root, 'not-there');
  expect((await load({ ...cache, folder: path.join(nowhere, 'cache') })).config.tmux.socket).toBe('lab');
  expect(existsSync(nowhere)).toBe(false);
  writeFileSync(path.join(state, 'cache'), 'a file');
  expect((await load(cache)).config.tmux.socket).toBe('lab');
});

it('keeps the text of a file for thirty days at most', async () => {
  const made = world();
  await made.load(made.cache);
  const old = path.join(made.cache.folder, 'settings-00000000.json');
  writeFileSync(old, 'what a file held that has gone');
  utimesSync(old, new Date(), new Date(Date.now() - 31 * 24 * 3600 * 1000));
  made.write('project/longhaul.yaml', `${TEXT}# changed\n`);
  await made.load(made.cache);
  expect(readdirSync(made.cache.folder)).toHaveLength(1);
});
