import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { dirname } from 'node:path';
import type { AddressInfo } from 'node:net';
import type { ProgramResult, RcloneRemote, Sshd } from '@longhaul/testbed';
import { freePort, readOnlyMount, remoteOf, runToEnd, smallDisk, startRcloneServer, startS3Server, startSshd, startTcpProxy, waitFor, writeRcloneConfig } from '@longhaul/testbed';
import type { CaseToRecord, Recorder } from './recorded-case.ts';
import { ftpCases } from './record-rclone-ftp.ts';
import { recordAll, source } from './recorded-case.ts';

const BASE = ['--use-json-log', '--retries=1', '--low-level-retries=1', '--ask-password=false', '--contimeout=5s', '--timeout=5s'];
const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups'];
/** AWS_CA_BUNDLE is Amazon's; rclone fails with it whatever it holds. */
const ENV: NodeJS.ProcessEnv = { ...process.env, LC_ALL: 'C', AWS_CA_BUNDLE: undefined };

interface RcloneRun {
  readonly remote?: RcloneRemote;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly as?: 'nobody';
  readonly input?: string;
}

async function rclone(dir: string, { remote = { type: 'alias', remote: `${dir}/there` }, args, env = ENV, as, input }: RcloneRun): Promise<ProgramResult> {
  const config = `${dir}/rclone.conf`;
  mkdirSync(`${dir}/there`, { recursive: true });
  await writeRcloneConfig(config, { lab: remote });
  chmodSync(config, 0o644);
  // Another user must come through to it.
  chmodSync(dirname(dir), 0o755);
  const all = [...BASE, `--config=${config}`, ...args];
  return as === 'nobody' ? runToEnd('setpriv', [...NOBODY, 'rclone', ...all], { env: { ...env, HOME: dir }, ...(input === undefined ? {} : { input }) }) : runToEnd('rclone', all, { env, ...(input === undefined ? {} : { input }) });
}

/** The push itself, as Longhaul calls it. */
export async function copy(dir: string, run: Partial<RcloneRun> & { readonly bytes?: number; readonly to?: string; readonly more?: readonly string[] } = {}): Promise<ProgramResult> {
  const { bytes, to = 'lab:tree', more = [], ...rest } = run;
  return rclone(dir, { ...rest, args: ['copy', '--files-from-raw=-', '--ignore-times', '--ignore-checksum', ...more, source(dir, bytes), to], input: 'a.txt\nb.txt\n' });
}

/** rclone copies slowly, meanwhile something happens. */
async function meanwhile(dir: string, act: (child: ReturnType<typeof spawn>) => void, more: readonly string[] = []): Promise<ProgramResult> {
  mkdirSync(`${dir}/there`);
  await writeRcloneConfig(`${dir}/rclone.conf`, { lab: { type: 'alias', remote: `${dir}/there` } });
  const root = source(dir, 3_000_000);
  rmSync(`${root}/b.txt`);
  const child = spawn('rclone', [...BASE, `--config=${dir}/rclone.conf`, 'copy', '-v', '--stats=1s', '--bwlimit=1M', '--buffer-size=0', ...more, root, 'lab:tree'], { env: ENV, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  await waitFor(() => /"bytes":[1-9]/.test(stderr), { what: 'the first bytes' });
  act(child);
  const [code, signal] = await ended;
  // The progress of such a run is of no interest.
  const told = stderr.split('\n').filter((line) => !line.includes('"stats":')).join('\n');
  return { code, signal, stdout: Buffer.alloc(0), stderr: Buffer.from(told) };
}

/** A server that gives every request the same answer: rclone's words for it are its own. */
async function answering(status: number, body = ''): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(status, { 'content-type': 'application/xml' }).end(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const dav = (port: number, scheme = 'http'): RcloneRemote => ({ type: 'webdav', vendor: 'other', url: `${scheme}://127.0.0.1:${String(port)}`, user: 'lab', pass: 'x' });
const s3 = (port: number): RcloneRemote => ({ type: 's3', provider: 'Other', access_key_id: 'KEY', secret_access_key: 'SECRET', endpoint: `http://127.0.0.1:${String(port)}`, force_path_style: 'true', no_check_bucket: 'true' });

function answered(status: number, expectedKind: string, code?: string): CaseToRecord {
  const body = code === undefined ? '' : `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>As the server says it</Message></Error>`;
  return {
    id: code === undefined ? `rclone-http-${String(status)}` : `rclone-s3-${code.toLowerCase()}`,
    expectedKind,
    run: async (dir) => {
      await using server = await answering(status, body);
      return await copy(dir, code === undefined ? { remote: dav(server.port) } : { remote: s3(server.port), to: 'lab:bucket/tree' });
    },
  };
}

const ANSWERS: readonly CaseToRecord[] = [
  answered(401, 'auth'), answered(403, 'permission'), answered(413, 'config'), answered(423, 'unknown'), answered(429, 'throttled'), answered(500, 'unknown'), answered(502, 'network'), answered(503, 'throttled'), answered(504, 'network'), answered(507, 'no_space'),
  answered(403, 'auth', 'InvalidAccessKeyId'), answered(403, 'auth', 'SignatureDoesNotMatch'), answered(400, 'auth', 'ExpiredToken'), answered(403, 'permission', 'AccessDenied'),
  answered(403, 'config', 'RequestTimeTooSkewed'), answered(404, 'config', 'NoSuchBucket'), answered(503, 'throttled', 'SlowDown'), answered(400, 'config', 'EntityTooLarge'), answered(400, 'hash_mismatch', 'BadDigest'), answered(500, 'unknown', 'InternalError'),
];

const LOCAL: readonly CaseToRecord[] = [
  { id: 'rclone-disk-full', expectedKind: 'no_space', run: async (dir) => { await using disk = await smallDisk({ bytes: 1 << 20 }); return await copy(dir, { bytes: 3_000_000, remote: { type: 'alias', remote: disk.path } }); } },
  { id: 'rclone-read-only', expectedKind: 'config', run: async (dir) => { mkdirSync(`${dir}/there`); await using frozen = await readOnlyMount(`${dir}/there`); return await copy(dir, { remote: { type: 'alias', remote: frozen.path } }); } },
  { id: 'rclone-destination-denied', expectedKind: 'permission', run: async (dir) => copy(dir, { as: 'nobody' }) },
  { id: 'rclone-source-denied', expectedKind: 'permission', run: async (dir) => { mkdirSync(`${dir}/open`); chmodSync(`${dir}/open`, 0o777); chmodSync(`${source(dir)}/a.txt`, 0o600); return copy(dir, { as: 'nobody', remote: { type: 'alias', remote: `${dir}/open` } }); } },
  { id: 'rclone-long-name', expectedKind: 'config', run: async (dir) => rclone(dir, { args: ['rcat', `lab:${'n'.repeat(300)}`], input: 'x' }) },
  { id: 'rclone-folder-missing', expectedKind: 'config', run: async (dir) => rclone(dir, { args: ['lsjson', 'lab:no/such'] }) },
  { id: 'rclone-source-missing', expectedKind: 'local_file_vanished', facts: { sourceMissing: true }, run: async (dir) => rclone(dir, { args: ['copy', `${dir}/no-source`, 'lab:tree'] }) },
  { id: 'rclone-no-section', expectedKind: 'config', run: async (dir) => rclone(dir, { args: ['copy', source(dir), 'nobody:tree'] }) },
  { id: 'rclone-unknown-backend', expectedKind: 'config', run: async (dir) => copy(dir, { remote: { type: 'nosuchthing' } }) },
  { id: 'rclone-unknown-flag', expectedKind: 'config', run: async (dir) => copy(dir, { more: ['--no-such-flag'] }) },
  { id: 'rclone-unknown-command', expectedKind: 'config', run: async (dir) => rclone(dir, { args: ['no-such-command'] }) },
  { id: 'rclone-config-locked', expectedKind: 'config', run: async (dir) => { writeFileSync(`${dir}/locked.conf`, '# Encrypted rclone configuration File\n\nRCLONE_ENCRYPT_V0:\nb5Uk6mE3cUn5Wb8xyWYnVBzz9Ha5K+0ebOKvFD4sSiHeMyLPrrVqrgmXEgvNYSy4YNnIAyQ6Vew7pZQbAvM=\n'); return runToEnd('rclone', [...BASE, `--config=${dir}/locked.conf`, 'lsjson', 'lab:'], { env: ENV }); } },
  { id: 'rclone-hash-type', expectedKind: 'config', run: async (dir) => { await using server = await startRcloneServer({ protocol: 'webdav', folder: source(dir) }); return await rclone(dir, { remote: remoteOf('webdav', server), args: ['hashsum', 'sha256', 'lab:'] }); } },
  { id: 'rclone-ca-bundle', expectedKind: 'config', run: async (dir) => { writeFileSync(`${dir}/ca.pem`, ''); return copy(dir, { remote: s3(1), to: 'lab:bucket/tree', env: { ...ENV, AWS_CA_BUNDLE: `${dir}/ca.pem` } }); } },
  { id: 'rclone-source-updated', expectedKind: 'source_changed', run: async (dir) => meanwhile(dir, () => { writeFileSync(`${dir}/source/a.txt`, 'shorter now'); }) },
  { id: 'rclone-corrupted', expectedKind: 'hash_mismatch', run: async (dir) => meanwhile(dir, () => { truncateSync(`${dir}/there/tree/a.txt`, 5_000_000); }) },
  { id: 'rclone-sigterm', expectedKind: 'interrupted', run: async (dir) => meanwhile(dir, (child) => child.kill('SIGTERM')) },
  { id: 'rclone-sigkill', expectedKind: 'interrupted', run: async (dir) => meanwhile(dir, (child) => child.kill('SIGKILL')) },
  { id: 'rclone-max-transfer', expectedKind: 'interrupted', run: async (dir) => copy(dir, { bytes: 100_000, more: ['--max-transfer=1k'] }) },
  { id: 'rclone-nothing-transferred', expectedKind: 'unknown', run: async (dir) => rclone(dir, { args: ['copy', '--error-on-no-transfer', '--files-from-raw=-', source(dir), 'lab:tree'], input: 'no-such\n' }) },
];

/** A real sshd, by its key. */
function openSsh({ port, user, clientKey }: Sshd): RcloneRemote {
  return { type: 'sftp', host: '127.0.0.1', port: String(port), user, key_file: clientKey };
}

const SERVERS: readonly CaseToRecord[] = [
  ...(['webdav', 'sftp'] as const).flatMap((protocol): readonly CaseToRecord[] => [
    { id: `rclone-${protocol}-wrong-password`, expectedKind: 'auth', run: async (dir) => { await using server = await startRcloneServer({ protocol, folder: source(dir) }); return await copy(dir, { remote: { ...remoteOf(protocol, server), pass: 'wrong' } }); } },
    { id: `rclone-${protocol}-refused`, expectedKind: 'network', run: async (dir) => copy(dir, { remote: remoteOf(protocol, { port: await freePort(), user: 'lab', password: 'x' }) }) },
    { id: `rclone-${protocol}-no-such-host`, expectedKind: 'network', run: async (dir) => copy(dir, { remote: protocol === 'webdav' ? { ...dav(1), url: 'http://nas.invalid' } : { type: 'sftp', host: 'nas.invalid', user: 'lab', pass: 'x' } }) },
    {
      id: `rclone-${protocol}-cut`,
      expectedKind: 'network',
      run: async (dir) => {
        mkdirSync(`${dir}/served`);
        await using server = await startRcloneServer({ protocol, folder: `${dir}/served` });
        await using proxy = await startTcpProxy({ target: server.port, cutAfter: { up: 200_000, down: Number.POSITIVE_INFINITY } });
        return await copy(dir, { bytes: 1_000_000, remote: remoteOf(protocol, { ...server, port: proxy.port }) });
      },
    },
    { id: `rclone-${protocol}-stalled`, expectedKind: 'network', run: async (dir) => { await using server = await startRcloneServer({ protocol, folder: source(dir) }); await using proxy = await startTcpProxy({ target: server.port, stalled: true }); return await copy(dir, { remote: remoteOf(protocol, { ...server, port: proxy.port }) }); } },
  ]),
  { id: 'rclone-webdav-tls', expectedKind: 'config', run: async (dir) => { await using server = await answering(200); return await copy(dir, { remote: dav(server.port, 'https') }); } },
  ...[undefined, { destinationFull: true }].map((facts): CaseToRecord => ({
    id: facts === undefined ? 'rclone-sftp-failure' : 'rclone-sftp-disk-full',
    expectedKind: facts === undefined ? 'unknown' : 'no_space',
    ...(facts === undefined ? {} : { facts }),
    run: async (dir) => {
      await using disk = await smallDisk({ bytes: 1 << 20 });
      await using sshd = await startSshd({ config: ['Subsystem sftp internal-sftp'] });
      return await copy(dir, { bytes: 3_000_000, remote: openSsh(sshd), to: `lab:${disk.path}/tree` });
    },
  })),
  {
    id: 'rclone-sftp-denied',
    expectedKind: 'permission',
    run: async (dir) => {
      mkdirSync(`${dir}/served`);
      chmodSync(dirname(dir), 0o755);
      await using server = await startRcloneServer({ protocol: 'sftp', folder: `${dir}/served`, runAs: 65534 });
      return await copy(dir, { remote: remoteOf('sftp', server) });
    },
  },
  { id: 'rclone-sftp-no-subsystem', expectedKind: 'config', run: async (dir) => { await using sshd = await startSshd(); return await copy(dir, { remote: openSsh(sshd) }); } },
  { id: 'rclone-sftp-wrong-key', expectedKind: 'auth', run: async (dir) => { await using sshd = await startSshd(); return await copy(dir, { remote: { ...openSsh(sshd), key_file: sshd.strangerKey } }); } },
  { id: 'rclone-sftp-host-key-changed', expectedKind: 'host_key', run: async (dir) => { await using sshd = await startSshd(); return await copy(dir, { remote: { ...openSsh(sshd), known_hosts_file: sshd.changedKnownHosts } }); } },
  { id: 'rclone-sftp-host-key-unknown', expectedKind: 'host_key', run: async (dir) => { await using sshd = await startSshd(); return await copy(dir, { remote: { ...openSsh(sshd), known_hosts_file: sshd.emptyKnownHosts } }); } },
  { id: 'rclone-s3-unknown-key', expectedKind: 'auth', run: async (dir) => { await using server = await startS3Server(); return await copy(dir, { remote: { ...server.remote, access_key_id: 'nobody' }, to: 'lab:lab/tree' }); } },
  { id: 'rclone-s3-no-bucket', expectedKind: 'config', run: async (dir) => { await using server = await startS3Server(); return await copy(dir, { remote: { ...server.remote, no_check_bucket: 'true' }, to: 'lab:nosuchbucket/tree' }); } },
];

export async function recordRclone(work: string, record: Recorder): Promise<void> {
  await recordAll('rclone', { work, cases: [...LOCAL, ...ANSWERS, ...SERVERS, ...ftpCases(copy)], record });
}
