import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

import type { RsyncSshDestination } from '@longhaul/config';
import { BackendNotFoundError, TransportError } from '@longhaul/errors';
import type { ProcessRunner } from '@longhaul/exec';
import { describeOutcome, succeeded } from '@longhaul/exec';

import type { HostKey, SshEndpoint } from './host-key.ts';
import { parseKeyscan, parseSshSettings } from './host-key.ts';

/** A key as a person compares it. */
export interface OfferedKey extends HostKey {
  /** `SHA256:…`, as ssh-keygen shows it. */
  readonly fingerprint: string;
  /** `known`: it stands in the file already. `changed`: another key of this type does, which may be an attack. */
  readonly standing: 'new' | 'known' | 'changed';
}

/** What a host offers, before anybody has said yes to it. */
export interface TrustOffer {
  readonly destination: string;
  /** `[host]:port`, as it will stand in the file. */
  readonly knownAs: string;
  readonly knownHosts: string;
  readonly keys: readonly OfferedKey[];
}

/** How long a host may take to show its keys. Seconds, as ssh-keyscan counts. */
const SCAN_SECONDS = 10;

/**
 * Asks a destination's host for its keys (design §5.2: an unknown host is never accepted by itself). Writes nothing.
 *
 * @throws TransportError when the host does not answer, BackendNotFoundError without ssh
 */
export async function offerTrust(id: string, destination: RsyncSshDestination, runner: ProcessRunner): Promise<TrustOffer> {
  const endpoint = await endpointOf(destination, runner);
  if (endpoint.throughProxy) {
    throw new TransportError(`destination "${id}" is reached through another host, so its keys cannot be asked for directly`, {
      errorKind: 'host_key',
      hint: `log in once by hand and compare the fingerprint: ssh ${destination.target}`,
    });
  }
  const output = await run(runner, 'ssh-keyscan', ['-T', String(SCAN_SECONDS), '-p', String(endpoint.port), '--', endpoint.hostname]);
  const keys = parseKeyscan(output);
  if (keys.length === 0) {
    throw new TransportError(`${endpoint.hostname} port ${String(endpoint.port)} shows no host key`, { errorKind: 'network', hint: `is the host up, and is the port right? ssh -p ${String(endpoint.port)} ${destination.target}` });
  }
  const knownHosts = destination.knownHosts ?? endpoint.knownHosts;
  const lines = await knownLines(knownHosts, endpoint.knownAs, runner);
  return { destination: id, knownAs: endpoint.knownAs, knownHosts, keys: keys.map((key) => ({ ...key, fingerprint: fingerprintOf(key), standing: standingOf(key, lines) })) };
}

/**
 * Writes the new keys into the known hosts of the destination.
 *
 * @throws TransportError when a key has changed: that is never mended by itself
 */
export function acceptTrust({ destination, knownAs, knownHosts, keys }: TrustOffer): readonly OfferedKey[] {
  const changed = keys.filter(({ standing }) => standing === 'changed');
  if (changed.length > 0) {
    throw new TransportError(`the host key of destination "${destination}" has changed (${changed.map(({ type }) => type).join(', ')})`, {
      errorKind: 'host_key',
      hint: `find out why; if the host was really set up anew: ssh-keygen -R ${JSON.stringify(knownAs)} -f ${JSON.stringify(knownHosts)}, then trust it again`,
    });
  }
  const fresh = keys.filter(({ standing }) => standing === 'new');
  if (fresh.length > 0) {
    mkdirSync(path.dirname(knownHosts), { recursive: true, mode: 0o700 });
    appendFileSync(knownHosts, `${endsOpen(knownHosts) ? '\n' : ''}${fresh.map(({ type, key }) => `${knownAs} ${type} ${key}\n`).join('')}`, { mode: 0o600 });
  }
  return fresh;
}

async function endpointOf({ target, port, sshConfig }: RsyncSshDestination, runner: ProcessRunner): Promise<SshEndpoint> {
  const args = ['-G', ...(sshConfig === null ? [] : ['-F', sshConfig]), ...(port === null ? [] : ['-p', String(port)]), '--', target];
  return parseSshSettings(await run(runner, 'ssh', args), homedir());
}

async function run(runner: ProcessRunner, program: string, args: readonly string[]): Promise<string> {
  const outcome = await runner.run({ program, args, env: { set: { LC_ALL: 'C' } }, timeoutMs: (SCAN_SECONDS + 10) * 1000 });
  if (outcome.kind === 'notFound') throw new BackendNotFoundError('ssh');
  if (!succeeded(outcome)) throw new TransportError(describeOutcome(outcome), { errorKind: program === 'ssh' ? 'config' : 'network' });
  return outcome.stdout.text;
}

/** `SHA256:` and the hash of the key in base64 without padding, as OpenSSH shows it. */
export function fingerprintOf({ key }: HostKey): string {
  return `SHA256:${createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64').replace(/=+$/, '')}`;
}

function standingOf({ type, key }: HostKey, lines: readonly HostKey[]): OfferedKey['standing'] {
  const same = lines.filter((line) => line.type === type);
  if (same.some((line) => line.key === key)) return 'known';
  return same.length === 0 ? 'new' : 'changed';
}

/** The lines about this host, also where names are hashed: ssh-keygen looks them up. */
async function knownLines(file: string, knownAs: string, runner: ProcessRunner): Promise<readonly HostKey[]> {
  if (!existsSync(file)) return [];
  const outcome = await runner.run({ program: 'ssh-keygen', args: ['-F', knownAs, '-f', file], env: { set: { LC_ALL: 'C' } } });
  if (outcome.kind === 'notFound') throw new BackendNotFoundError('ssh');
  // It ends with 1 where it found nothing; a file that it cannot read must not look like that.
  if (outcome.kind !== 'exited' || (outcome.exitCode !== 0 && outcome.stderr.text !== '')) throw new TransportError(describeOutcome(outcome), { errorKind: 'config' });
  return parseKeyscan(outcome.stdout.text);
}

function endsOpen(file: string): boolean {
  const text = readOrEmpty(file);
  return text !== '' && !text.endsWith('\n');
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
