import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConfigError, TransportError, TransportErrorKind } from '@longhaul/errors';
import type { ProcessRunner } from '@longhaul/exec';
import { describeOutcome, succeeded } from '@longhaul/exec';
import type { SshDestination } from './ssh-destination.ts';
import type { SshSettings } from './ssh-settings.ts';
import { readSshSettings, SSH_ENVIRONMENT } from './ssh-settings.ts';

/** One key that a host shows. */
export interface HostKey {
  /** `ssh-ed25519`, … */
  readonly type: string;
  /** Base64. */
  readonly key: string;
  /** `SHA256:…`, to be compared with what the machine itself shows. */
  readonly fingerprint: string;
}

/** What a host shows now, and what is known about it. */
export interface HostKeyScan {
  /** As it stands in known_hosts: `host` or `[host]:port`. */
  readonly host: string;
  /** The known_hosts file that a trusted key is written to. */
  readonly knownHosts: string;
  readonly keys: readonly HostKey[];
  /** Fingerprints of the keys that are trusted so far. */
  readonly trusted: readonly string[];
  /** `changed`: it shows none of the trusted keys. */
  readonly state: 'trusted' | 'unknown' | 'changed';
}

interface Ports {
  readonly runner: ProcessRunner;
  readonly signal?: AbortSignal;
}

/**
 * Asks a host for its keys without logging in. Nothing is trusted by it: over the network anybody may answer.
 * @throws TransportError: network where it does not answer; config where it is reached through another machine
 */
export async function scanHostKey(destination: SshDestination, { runner, signal }: Ports): Promise<HostKeyScan> {
  const settings = await readSshSettings(destination, runner);
  const [knownHosts] = settings.knownHostsFiles;
  if (settings.isProxied || knownHosts === undefined || knownHosts === '') throw cannotScan(destination);
  const args = ['-T', '10', '-p', String(settings.port), settings.hostname];
  const outcome = await runner.run({ program: 'ssh-keyscan', args, env: SSH_ENVIRONMENT, timeoutMs: 30_000, ...(signal === undefined ? {} : { signal }) });
  const lines = outcome.stdout.text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  if (lines.length === 0) throw silentHost(destination, describeOutcome(outcome));
  const keys = await Promise.all(lines.map(async (line) => hostKey(line, runner)));
  const host = knownName(settings);
  const trusted = await trustedFingerprints({ host, knownHosts, runner });
  const state = keys.some(({ fingerprint }) => trusted.includes(fingerprint)) ? 'trusted' : trusted.length > 0 ? 'changed' : 'unknown';
  return { host, knownHosts, keys, trusted, state };
}

/**
 * Writes the scanned keys to known_hosts, because a person compared the fingerprint.
 * @throws ConfigError where other keys are trusted already and `replace` was not asked for
 */
export async function trustHostKey({ host, knownHosts, keys, state }: HostKeyScan, { runner, existing }: Ports & { readonly existing: 'keep' | 'replace' }): Promise<void> {
  if (state === 'trusted') return;
  if (state === 'changed') {
    if (existing === 'keep') throw new ConfigError(`${host} has another key than the one that is trusted in ${knownHosts}`, { hint: 'Ask whoever runs it whether the key was really exchanged; then trust it with --replace' });
    const removal = await runner.run({ program: 'ssh-keygen', args: ['-R', host, '-f', knownHosts], timeoutMs: 15_000 });
    if (!succeeded(removal)) throw new ConfigError(`the old key of ${host} could not be removed from ${knownHosts}: ${describeOutcome(removal)}`);
  }
  await mkdir(dirname(knownHosts), { recursive: true, mode: 0o700 });
  const lines = keys.map(({ type, key }) => `${host} ${type} ${key}\n`).join('');
  // One write to the end: whoever else adds a key at this moment loses nothing.
  await appendFile(knownHosts, (await endsWithinLine(knownHosts)) ? `\n${lines}` : lines, { mode: 0o600 });
}

/** Whether somebody has trusted a key of this host before: then its name must have resolved. */
export async function isKnownHost(destination: SshDestination, { runner }: Ports): Promise<boolean> {
  const settings = await readSshSettings(destination, runner);
  const found = await Promise.all(settings.knownHostsFiles.map(async (knownHosts) => trustedFingerprints({ host: knownName(settings), knownHosts, runner })));
  return found.some((fingerprints) => fingerprints.length > 0);
}

function knownName({ hostname, port, hostKeyAlias }: SshSettings): string {
  if (hostKeyAlias !== null) return hostKeyAlias;
  return port === 22 ? hostname : `[${hostname}]:${String(port)}`;
}

/** `host type key`, as ssh-keyscan prints it. */
async function hostKey(line: string, runner: ProcessRunner): Promise<HostKey> {
  const [, type = '', key = ''] = line.split(' ');
  const outcome = await runner.run({ program: 'ssh-keygen', args: ['-l', '-f', '-'], stdin: { text: `${line}\n` }, timeoutMs: 15_000 });
  const fingerprint = /\b(?:SHA256|MD5):\S+/.exec(outcome.stdout.text)?.[0];
  if (!succeeded(outcome) || fingerprint === undefined) throw new TransportError(`no fingerprint of the host's key: ${describeOutcome(outcome)}`, { errorKind: TransportErrorKind.CONFIG });
  return { type, key, fingerprint };
}

/** Of the file alone; a file that is not there trusts nobody. */
async function trustedFingerprints({ host, knownHosts, runner }: { host: string; knownHosts: string; runner: ProcessRunner }): Promise<readonly string[]> {
  const outcome = await runner.run({ program: 'ssh-keygen', args: ['-l', '-F', host, '-f', knownHosts], timeoutMs: 15_000 });
  return [...outcome.stdout.text.matchAll(/\b(?:SHA256|MD5):\S+/g)].map(([fingerprint]) => fingerprint);
}

async function endsWithinLine(path: string): Promise<boolean> {
  try {
    const bytes = await readFile(path);
    return bytes.length > 0 && bytes.at(-1) !== 0x0a;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

function silentHost({ target }: SshDestination, reason: string): TransportError {
  return new TransportError(`${target} shows no host key: ${reason}`, { errorKind: TransportErrorKind.NETWORK, hint: 'Is the machine on, and sshd reachable on this port?' });
}

function cannotScan({ target }: SshDestination): TransportError {
  return new TransportError(`the host key of ${target} cannot be asked for: it is reached through another machine, or known_hosts is switched off`, {
    errorKind: TransportErrorKind.CONFIG,
    hint: `Log in once by hand, compare the fingerprint and accept it: ssh ${target}`,
  });
}
