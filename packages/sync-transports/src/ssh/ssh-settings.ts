import { TransportError } from '@longhaul/errors';
import { installHint } from '@longhaul/errors';
import type { Outcome, ProcessRunner } from '@longhaul/exec';
import { describeOutcome, succeeded } from '@longhaul/exec';
import { classifySsh } from '../failures/index.ts';
import { hasAesHardware } from './cpu-aes.ts';
import type { SshDestination } from './ssh-destination.ts';
import { sshArguments } from './ssh-options.ts';

/** What ssh itself makes of a destination: its own and the user's configuration applied. */
export interface SshSettings {
  readonly hostname: string;
  readonly port: number;
  /** The name under which the key stands in known_hosts, where it is another than the host's. */
  readonly hostKeyAlias: string | null;
  readonly knownHostsFiles: readonly string[];
  /** ssh does not connect by itself (ProxyJump, ProxyCommand). */
  readonly isProxied: boolean;
  /** The list for `Ciphers` with AES in GCM first; null where the user's configuration has a list of its own. */
  readonly aesFirst: readonly string[] | null;
}

const AES = 'aes128-gcm@openssh.com';

/** ssh's environment: messages in the C locale, because the failure table reads them. */
export const SSH_ENVIRONMENT = { set: { LC_ALL: 'C', SSH_ASKPASS_REQUIRE: 'never' } } as const;

/** Asks `ssh -G`: nothing is connected. @throws TransportError where the configuration cannot be read or ssh is missing */
export async function readSshSettings(destination: SshDestination, runner: ProcessRunner): Promise<SshSettings> {
  const { target } = destination;
  const ask = async (options: readonly string[]): Promise<Outcome> => runner.run({ program: 'ssh', args: ['-G', ...options, target], env: SSH_ENVIRONMENT, timeoutMs: 15_000 });
  // The second answer is ssh without any configuration: only where the lists of ciphers agree has nobody chosen one.
  const [own, plain] = await Promise.all([ask(sshArguments(destination, { channel: { kind: 'own' } })), ask(['-F', 'none'])]);
  if (!succeeded(own)) throw sshUnusable(own, destination);
  const settings = parseSettings(own.stdout.text);
  const defaults = succeeded(plain) ? parseSettings(plain.stdout.text).get('ciphers') : undefined;
  return {
    hostname: settings.get('hostname')?.[0] ?? target,
    port: Number(settings.get('port')?.[0] ?? 22),
    hostKeyAlias: settings.get('hostkeyalias')?.[0] ?? null,
    knownHostsFiles: destination.knownHosts === undefined ? (settings.get('userknownhostsfile')?.[0] ?? '').split(' ') : [destination.knownHosts],
    isProxied: [settings.get('proxyjump')?.[0], settings.get('proxycommand')?.[0]].some((value) => value !== undefined && value !== 'none'),
    aesFirst: hasAesHardware() ? aesFirst(settings.get('ciphers')?.[0], defaults?.[0]) : null,
  };
}

/** ssh did not run, or did not like how it was asked. */
export function sshUnusable(outcome: Outcome, { target, name = target }: SshDestination): TransportError {
  if (outcome.kind === 'notFound') return new TransportError('ssh is not installed on this machine', { hint: installHint('ssh') });
  const run = { returncode: outcome.kind === 'exited' ? outcome.exitCode : 255, stderr: outcome.stderr.text, stdout: '', facts: { target, name } };
  const { kind, evidence, hint } = classifySsh(run);
  return new TransportError(`ssh to ${target} failed: ${evidence ?? describeOutcome(outcome)}`, { errorKind: kind, hint: hint ?? undefined });
}

/** `key value` a line; a key may come several times. */
export function parseSettings(text: string): ReadonlyMap<string, readonly string[]> {
  const settings = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [key, value] = splitOnce(line);
    settings.set(key, [...(settings.get(key) ?? []), value]);
  }
  return settings;
}

/** AES to the head of the list, the rest behind it, so that the two sides always find one. */
export function aesFirst(ciphers: string | undefined, defaults: string | undefined): readonly string[] | null {
  const list = ciphers?.split(',') ?? [];
  if (ciphers !== defaults || !list.includes(AES)) return null;
  return [AES, ...list.filter((cipher) => cipher !== AES)];
}

function splitOnce(line: string): readonly [string, string] {
  const blank = line.indexOf(' ');
  return blank === -1 ? [line, ''] : [line.slice(0, blank), line.slice(blank + 1)];
}
