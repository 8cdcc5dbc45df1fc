import { mkdirSync } from 'node:fs';
import path from 'node:path';

import { expect, it } from 'vitest';

import type { LoadedConfig, LoadOptions } from '../src/index.ts';
import { loadConfig } from '../src/index.ts';
import type { ProjectFolder } from './project-folder.ts';
import { projectFolder } from './project-folder.ts';

const DESIGN_EXAMPLE = `
sessions:
  train:
    command: [python, train.py, --out, runs/today]
    workingDir: /data/project
    env: { CUDA_VISIBLE_DEVICES: "0" }
    restart: on-failure
    outputs: [{ path: runs/today, to: [nas] }]
  bot:
    backend: container
    image: registry.example/bot:1.4
    volumes: ["./data:/app/data"]
destinations:
  nas:  { type: rsync_ssh, target: lab@nas, path: /volume1/lab, sshKey: ~/.ssh/id_ed25519, bandwidth: { uploadMbps: 50 } }
  disk: { type: local, path: /mnt/nas/lab }
  s3:   { type: rclone, remote: "lab-s3:bucket/lab" }
reclaim: { enabled: false, minVerifyPasses: 2, minAge: 24h }
`;

const load = async ({ project, home }: ProjectFolder, options: LoadOptions = {}): Promise<LoadedConfig> => await loadConfig({ cwd: project, home, env: {}, ...options });

it('reads the example of the design with exact units and absolute paths', async () => {
  const folder = projectFolder();
  folder.write('project/longhaul.yaml', DESIGN_EXAMPLE);
  const { config } = await load(folder);
  expect(config.destinations.get('nas')).toEqual({
    type: 'rsync_ssh',
    target: 'lab@nas',
    path: '/volume1/lab',
    port: null,
    sshKey: path.join(folder.home, '.ssh/id_ed25519'),
    knownHosts: null,
    sshConfig: null,
    bandwidth: 6_250_000,
    bandwidthWindows: [],
    concurrency: null,
    as: null,
  });
  expect(config.sessions.get('train')).toMatchObject({ command: ['python', 'train.py', '--out', 'runs/today'], workingDir: '/data/project', outputs: [{ path: 'runs/today', to: ['nas'], as: null }] });
  expect(config.reclaim).toEqual({ enabled: false, automatic: true, minVerifyPasses: 2, minAgeMs: 86_400_000, keepMetadata: true, diskFreeBelow: null });
});

it('reads what a container, a restart and readiness are', async () => {
  const folder = projectFolder();
  folder.write('project/longhaul.yaml', `
sessions:
  bot:
    image: registry.example/bot:1.4
    runtime: docker
    pull: never
    volumes: ["./data:/app/data", "../x/y:/y:ro", "~/z:/z", "cache:/cache", "/abs:/abs"]
    ports: ["8080:80", "0.0.0.0:53:53/udp"]
    containerDir: /app
    logVolume: /app/logs
    memory: 512m
    cpus: 0.5
    network: none
    tty: true
    init: false
    restart: on-failure:5
    restartDelay: 2s
    restartMaxDelay: 1m
    restartReset: 10m
    maxLog: 20MB
    ready: { tcp: "db:5432" }
  web: { command: serve, ready: { http: "http://localhost:8080/health" }, restart: always }
  log: { command: serve, ready: { log: "^listening" } }
  cmd: { command: serve, ready: { command: [./check, x] } }
  short: { command: serve, ready: { tcp: 80 } }
`);
  const { config } = await load(folder);
  expect(config.sessions.get('bot')).toMatchObject({
    backend: 'container',
    command: [],
    container: {
      image: 'registry.example/bot:1.4',
      runtime: 'docker',
      pull: 'never',
      volumes: [`${folder.project}/data:/app/data`, `${path.join(folder.project, '../x/y')}:/y:ro`, `${path.join(folder.home, 'z')}:/z`, 'cache:/cache', '/abs:/abs'],
      ports: ['8080:80', '0.0.0.0:53:53/udp'],
      workingDir: '/app',
      logVolume: '/app/logs',
      memory: '512m',
      cpus: '0.5',
      network: 'none',
      tty: true,
      init: false,
    },
    restart: { when: 'on-failure:5', delayMs: 2000, maxDelayMs: 60_000, resetMs: 600_000 },
    maxLogBytes: 20_000_000,
    ready: { kind: 'tcp', host: 'db', port: 5432 },
  });
  expect(config.sessions.get('web')).toMatchObject({ backend: null, restart: { when: 'always', delayMs: null }, ready: { kind: 'http', url: 'http://localhost:8080/health' }, container: { image: null, volumes: [] } });
  expect(config.sessions.get('log')?.ready).toEqual({ kind: 'log', pattern: '^listening' });
  expect(config.sessions.get('cmd')?.ready).toEqual({ kind: 'command', argv: ['./check', 'x'] });
  expect(config.sessions.get('short')?.ready).toEqual({ kind: 'tcp', host: 'localhost', port: 80 });
});

it('reads windows of the bandwidth, the numbers of transfers, what must be mounted, and how long is remembered', async () => {
  const folder = projectFolder();
  folder.write('project/longhaul.yaml', `destinations:
  nas:
    type: local
    path: /mnt/nas
    concurrency: 4
    bandwidth:
      uploadMbps: 50
      windows:
        - { days: [weekdays], from: "08:00", to: "18:00", uploadMbps: 10 }
        - { from: "22:30", to: "24:00", uploadMbps: 0 }
  night: { type: local, path: /mnt/night/lab, mountPoint: /mnt/night, bandwidth: { windows: [{ days: [sat, mon, sat], from: "20:00", to: "06:00", uploadMbps: 0.5 }] } }
worker: { stallTimeout: 5m }
history: { details: 30d, jobs: 100d }
`);
  const { config } = await load(folder);
  expect(config.destinations.get('nas')).toMatchObject({
    concurrency: 4,
    bandwidth: 6_250_000,
    bandwidthWindows: [
      { days: [1, 2, 3, 4, 5], from: 480, to: 1080, bytesPerSecond: 1_250_000 },
      { days: [0, 1, 2, 3, 4, 5, 6], from: 1350, to: 1440, bytesPerSecond: 0 },
    ],
  });
  expect(config.destinations.get('night')).toMatchObject({ mountPoint: '/mnt/night', bandwidth: null, concurrency: null, bandwidthWindows: [{ days: [1, 6], from: 1200, to: 360, bytesPerSecond: 62_500 }] });
  expect(config.worker).toEqual({ concurrency: 2, stallMs: 300_000 });
  expect(config.history).toEqual({ detailsMs: 30 * 86_400_000, jobsMs: 100 * 86_400_000 });
});

it.each([
  ['volumes: ["data"]', /volumes.*HOST:CONTAINER/],
  ['volumes: ["./a:b"]', /HOST:CONTAINER/],
  ['ports: ["80"]', /HOST:CONTAINER/],
  ['memory: lots', /512m/],
  ['cpus: many', /number of processors/],
  ['containerDir: app', /absolute path in the container/],
  ['restart: sometimes', /on-failure:MAX/],
  ['restart: "always:3"', /on-failure:MAX/],
  ['ready: { tcp: 80, log: x }', /exactly one/],
  ['ready: {}', /exactly one/],
  ['ready: { http: "localhost" }', /http or https/],
  ['pull: perhaps', /missing/],
])('says what is wrong with %s, and where', async (line, message) => {
  const folder = projectFolder();
  folder.write('project/longhaul.yaml', `sessions:\n  bot:\n    command: x\n    ${line}\n`);
  const error = await load(folder).then(() => null, (cause: unknown) => cause);
  expect(String(error)).toMatch(message);
  expect(String(error)).toMatch(/longhaul\.yaml:4:/);
});

it('reads what reclaim asks for, and what a destination asks for besides', async () => {
  const folder = projectFolder();
  folder.write('project/longhaul.yaml', [
    'reclaim: { enabled: true, automatic: false, minVerifyPasses: 3, minAge: 2d, keepMetadata: false, when: { diskFreeBelow: 50GiB } }',
    'destinations:',
    '  nas: { type: local, path: /mnt/nas, reclaim: { minVerifyPasses: 4, minAge: 7d } }',
    '  scratch: { type: local, path: /mnt/scratch, reclaim: { allow: false } }',
    '  plain: { type: local, path: /mnt/plain }',
  ].join('\n'));
  const { config, limitations } = await load(folder);
  expect(config.reclaim).toEqual({ enabled: true, automatic: false, minVerifyPasses: 3, minAgeMs: 172_800_000, keepMetadata: false, diskFreeBelow: 50 * 2 ** 30 });
  expect(config.destinations.get('nas')?.reclaim).toEqual({ allow: true, minVerifyPasses: 4, minAgeMs: 604_800_000 });
  expect(config.destinations.get('scratch')?.reclaim).toEqual({ allow: false, minVerifyPasses: null, minAgeMs: null });
  expect(config.destinations.get('plain')?.reclaim).toBeUndefined();
  expect(limitations).toEqual([]);
});

it('runs a command that is one text by sh -c', async () => {
  const folder = projectFolder();
  folder.write('project/longhaul.yaml', 'sessions: { a: { command: "sleep 1; echo done" } }');
  expect((await load(folder)).config.sessions.get('a')?.command).toEqual(['sh', '-c', 'sleep 1; echo done']);
});

it('finds the file from a folder below, and takes paths as relative to the file', async () => {
  const folder = projectFolder();
  folder.write('project/longhaul.yaml', 'sessions: { a: { command: [x], workingDir: work }, b: { command: [x] } }\ndestinations: { d: { type: local, path: ../out } }');
  const below = path.join(folder.project, 'src/deep');
  mkdirSync(below, { recursive: true });
  const { config, files } = await load(folder, { cwd: below });
  expect(files.project).toBe(path.join(folder.project, 'longhaul.yaml'));
  expect(config.sessions.get('a')?.workingDir).toBe(path.join(folder.project, 'work'));
  expect(config.sessions.get('b')?.workingDir).toBe(folder.project);
  expect(config.destinations.get('d')).toMatchObject({ path: path.join(folder.root, 'out') });
});

it('puts flags before the environment, that before the project, that before the user, and says which one it was', async () => {
  const folder = projectFolder();
  const user = folder.write('home/.config/longhaul/config.yaml', 'tmux: { socket: user }\nworker:\n  concurrency: 3\nretention: { maxRuns: 7 }\nstop: { timeout: 1m }');
  const project = folder.write('project/longhaul.yaml', 'tmux: { socket: project }\nworker: { concurrency: 4 }\nretention: { maxRuns: 9 }');
  const { config, origins } = await load(folder, { env: { LONGHAUL_TMUX_SOCKET: 'env', LONGHAUL_WORKER_CONCURRENCY: '5' }, flags: { 'tmux.socket': 'flag' } });
  expect(config).toMatchObject({ tmux: { socket: 'flag' }, worker: { concurrency: 5 }, retention: { maxRuns: 9 }, stop: { timeoutMs: 60_000 } });
  expect(origins.get('tmux.socket')).toMatchObject({ kind: 'flag', name: '--tmux-socket' });
  expect(origins.get('worker.concurrency')).toMatchObject({ kind: 'env', name: 'LONGHAUL_WORKER_CONCURRENCY' });
  expect(origins.get('retention.maxRuns')).toEqual({ kind: 'project', name: project, line: 3, column: 23 });
  expect(origins.get('stop.timeout')).toMatchObject({ kind: 'user', name: user, line: 5 });
  expect(origins.get('reclaim.minAge')).toMatchObject({ kind: 'default', name: null });
});

it('lets a destination of the project replace the one of the user whole, and uses both files', async () => {
  const folder = projectFolder();
  folder.write('home/.config/longhaul/config.yaml', 'destinations: { nas: { type: rsync_ssh, target: me@a, path: x, port: 2222 }, disk: { type: local, path: /d } }');
  folder.write('project/longhaul.yaml', 'destinations: { nas: { type: rsync_ssh, target: me@b, path: y } }\nsessions: { s: { command: [x], outputs: [{ path: o, to: disk }] } }');
  const { config } = await load(folder);
  expect(config.destinations.get('nas')).toMatchObject({ target: 'me@b', path: 'y', port: null });
  expect(config.sessions.get('s')?.outputs).toEqual([{ path: 'o', to: ['disk'], as: null, include: [], exclude: [] }]);
});

it('watches the folders of both files, the project deciding where both name one, and finds their destinations', async () => {
  const folder = projectFolder();
  folder.write('home/.config/longhaul/config.yaml', 'destinations: { disk: { type: local, path: /d } }\nwatch: [{ path: /scans, to: disk, settle: 1h }, { path: ~/raw, to: [disk] }]');
  folder.write('project/longhaul.yaml', 'watch:\n  - { path: /scans, to: disk, sentinel: DONE, exclude: "*.tmp", as: "{host}/{name}" }\n  - { path: incoming, to: disk, settle: 5m }');
  const { config, origins } = await load(folder);
  const common = { settleMs: 60_000, sentinel: null, to: ['disk'], as: null, include: [], exclude: [] };
  expect(config.watch).toEqual([
    { ...common, path: '/scans', sentinel: 'DONE', as: '{host}/{name}', exclude: ['*.tmp'] },
    { ...common, path: `${folder.project}/incoming`, settleMs: 300_000 },
    { ...common, path: `${folder.home}/raw` },
  ]);
  expect(origins.get('watch.1')).toMatchObject({ kind: 'project', line: 3 });
});

it('refuses watch folders that cannot be meant, with the place of the mistake', async () => {
  const cases = [
    ['watch: [{ path: a, to: nowhere }]', /watch\[0\] goes to "nowhere"/],
    ['destinations: { d: { type: local, path: /d } }\nwatch: [{ path: a, to: d }, { path: ./a, to: d }]', /:2:\d+: watch names the same folder twice/],
    ['watch: [{ path: a, to: d, sentinel: ../x }]', /name of a file, such as DONE/],
    ['watch: [{ path: a, to: d, exclude: "" }]', /pattern/],
    ['watch: [{ path: a, to: d, include: ["!b"] }]', /pattern/],
  ] as const;
  for (const [text, message] of cases) {
    const folder = projectFolder();
    folder.write('project/longhaul.yaml', text);
    await expect(load(folder), text).rejects.toThrow(message);
  }
});

it('takes the file that a flag or the environment names, and refuses one that is not there', async () => {
  const folder = projectFolder();
  folder.write('project/longhaul.yaml', 'tmux: { socket: found }');
  const other = folder.write('other.yaml', 'tmux: { socket: named }');
  expect((await load(folder, { file: '../other.yaml' })).config.tmux.socket).toBe('named');
  expect((await load(folder, { env: { LONGHAUL_CONFIG: other } })).config.tmux.socket).toBe('named');
  await expect(load(folder, { file: 'nowhere.yaml' })).rejects.toThrow(/nowhere\.yaml".*named by --config/);
});

it('reads an empty file, and one of comments, as no settings', async () => {
  for (const text of ['', '# nothing yet\n', '---\n']) {
    const folder = projectFolder();
    folder.write('project/longhaul.yaml', text);
    expect((await load(folder)).config.tmux.socket).toBe('longhaul');
  }
});

it('names the variable, never its value, when the environment cannot be used', async () => {
  const folder = projectFolder();
  await expect(load(folder, { env: { LONGHAUL_WORKER_CONCURRENCY: 'hunter2' } })).rejects.toMatchObject({
    code: 'CONFIG',
    message: 'LONGHAUL_WORKER_CONCURRENCY cannot be used',
    hint: 'it must be a whole number from 1 to 64',
  });
});
