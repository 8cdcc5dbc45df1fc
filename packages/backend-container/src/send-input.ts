import { dirname } from 'node:path';

import { SessionAttachError, SessionConfigError } from '@longhaul/errors';
import type { ProcessRunner } from '@longhaul/exec';
import { describeOutcome, findProgram, succeeded } from '@longhaul/exec';
import type { SendInput } from '@longhaul/sessions';

import type { EngineClient } from './engine/index.ts';

/** Whose terminal is written to. */
export interface SendTarget {
  readonly session: string;
  readonly id: string;
  readonly client: EngineClient;
  readonly runner: ProcessRunner;
  readonly server: 'podman' | 'docker';
}

const SEND_MS = 15_000;

/** Types into the terminal of a container: through stdin of a program, so that a password is in no argv. @throws SessionAttachError, SessionConfigError */
export async function sendInput(target: SendTarget, input: SendInput): Promise<void> {
  const bytes = 'text' in input ? Buffer.from(input.text) : Buffer.concat(input.keys.map(keyBytes));
  if (bytes.length === 0) return;
  await (target.server === 'podman' ? sendToConmon(target, bytes) : sendByClient(target, bytes));
}

/** docker's attach wants a terminal of the caller's. Its API does not: reached through the client, wherever its context leads. */
async function sendByClient(target: SendTarget, bytes: Buffer): Promise<void> {
  const { client, runner } = target;
  await using connection = await runner.spawn({ program: client.program(), args: ['system', 'dial-stdio'], cwd: '/', env: { base: 'empty', set: client.environment() }, stdin: 'pipe', stdout: 'pipe', timeoutMs: SEND_MS, killGraceMs: 500 });
  const { stdin, stdout } = connection;
  if (stdin === null || stdout === null) throw new SessionAttachError(target.session, 'container', describeOutcome(await connection.outcome));
  await deliver(target, bytes, { output: stdout, write: async (data) => stdin.write(data), end: async () => stdin.end() });
}

const SEQPACKET: readonly { readonly program: string; readonly args: readonly string[] }[] = [
  { program: 'perl', args: ['-MSocket', '-e', 'chdir $ARGV[0] or die "$!\n"; socket(my $s, AF_UNIX, SOCK_SEQPACKET, 0) or die "$!\n"; connect($s, pack_sockaddr_un("attach")) or die "$!\n"; local $/; my $d = <STDIN>; while (length $d) { defined syswrite($s, substr($d, 0, 4096, "")) or die "$!\n" }'] },
  { program: 'python3', args: ['-c', 'import os, socket, sys\nos.chdir(sys.argv[1])\ns = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\ns.connect("attach")\nd = sys.stdin.buffer.read()\nfor i in range(0, len(d), 4096): s.sendall(d[i:i + 4096])'] },
];

/**
 * podman's attach does not end with its input, so nobody could tell whether all of it has arrived. conmon, which holds the terminal, takes
 * it at once; its socket is of a kind (SOCK_SEQPACKET) that Node does not speak.
 */
async function sendToConmon({ session, id, client, runner }: SendTarget, bytes: Buffer): Promise<void> {
  const env = client.environment();
  const speaker = SEQPACKET.find(({ program }) => findProgram(program, env) !== null);
  if (speaker === undefined) throw new SessionAttachError(session, 'container', 'neither perl nor python3 is there, which speak to the terminal of podman', { hint: `Type into it by hand: longhaul attach ${session}` });
  const answer = await client.ask(['container', 'inspect', '--format', '{{.OCIConfigPath}}', id]);
  if (answer.kind === 'failed') throw client.unavailable(answer);
  const outcome = await runner.run({ ...speaker, args: [...speaker.args, dirname(answer.stdout.trim())], cwd: '/', env: { base: 'empty', set: env }, stdin: { bytes }, timeoutMs: SEND_MS });
  if (!succeeded(outcome)) throw new SessionAttachError(session, 'container', describeOutcome(outcome));
}

interface Connection {
  readonly output: AsyncIterable<Uint8Array>;
  readonly write: (data: string | Uint8Array) => Promise<void>;
  readonly end: () => Promise<void>;
}

/** The connection becomes the container's input, and docker closes it when it has passed on all of it. */
async function deliver({ session, id }: SendTarget, bytes: Buffer, { output, write, end }: Connection): Promise<void> {
  await write(`POST /containers/${id}/attach?stream=1&stdin=1 HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n`);
  let answer = '';
  for await (const chunk of output) {
    const isOpen = /\r\n\r\n/.test(answer);
    answer += Buffer.from(chunk).toString('latin1');
    if (isOpen || !answer.includes('\r\n\r\n')) continue;
    if (!/^HTTP\/1\.1 (?:101|200) /.test(answer)) break;
    await write(bytes);
    await end();
  }
  if (!/^HTTP\/1\.1 (?:101|200) /.test(answer)) throw new SessionAttachError(session, 'container', answer.split('\r\n').at(-1) ?? 'the engine closed the connection');
}

const NAMED_KEYS: Readonly<Record<string, string>> = {
  Enter: '\r', Tab: '\t', BTab: '\u001b[Z', Space: ' ', Escape: '\u001b', BSpace: '\u007f', Up: '\u001b[A', Down: '\u001b[B', Right: '\u001b[C', Left: '\u001b[D',
  Home: '\u001b[1~', End: '\u001b[4~', IC: '\u001b[2~', DC: '\u001b[3~', PPage: '\u001b[5~', PageUp: '\u001b[5~', NPage: '\u001b[6~', PageDown: '\u001b[6~',
  F1: '\u001bOP', F2: '\u001bOQ', F3: '\u001bOR', F4: '\u001bOS', F5: '\u001b[15~', F6: '\u001b[17~', F7: '\u001b[18~', F8: '\u001b[19~', F9: '\u001b[20~', F10: '\u001b[21~', F11: '\u001b[23~', F12: '\u001b[24~',
};

/** A key by its tmux name, as a terminal sends it. @throws SessionConfigError for one that does not exist */
export function keyBytes(key: string): Buffer {
  const named = NAMED_KEYS[key];
  if (named !== undefined) return Buffer.from(named);
  const [, control] = /^(?:C-|\^)([a-zA-Z@[\\\]^_?])$/.exec(key) ?? [];
  if (control === '?') return Buffer.from([0x7f]);
  if (control !== undefined) return Buffer.from([control.toUpperCase().charCodeAt(0) & 0x1f]);
  const [, meta] = /^M-(.+)$/u.exec(key) ?? [];
  if (meta !== undefined) return Buffer.concat([Buffer.from([0x1b]), keyBytes(meta)]);
  if (/^.$/su.test(key)) return Buffer.from(key);
  throw new SessionConfigError(`there is no key "${key}"`, { hint: 'Keys are C-c, Enter, Up, F1, M-x and the like; send text with --text' });
}
