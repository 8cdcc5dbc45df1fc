import { SessionAttachError, SessionConfigError } from '@longhaul/errors';
import type { ProcessRunner } from '@longhaul/exec';
import { describeOutcome } from '@longhaul/exec';
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

const SEND_MS = 10_000;

/** Types into the terminal of a container: through stdin of a client, so that a password is in no argv. @throws SessionAttachError, SessionConfigError */
export async function sendInput(target: SendTarget, input: SendInput): Promise<void> {
  const bytes = 'text' in input ? Buffer.from(input.text) : Buffer.concat(input.keys.map(keyBytes));
  if (bytes.length === 0) return;
  await (target.server === 'podman' ? sendByAttach(target, bytes) : sendByConnection(target, bytes));
}

/** Control characters that end an attach of ours: the first that the text does not hold. */
const LEAVE = [
  { byte: 0x1e, name: 'ctrl-^' },
  { byte: 0x1f, name: 'ctrl-_' },
  { byte: 0x1d, name: 'ctrl-]' },
  { byte: 0x1c, name: 'ctrl-\\' },
] as const;

/** podman's attach does not end with its input: it is told to leave by keys that follow the text. */
async function sendByAttach({ session, id, client, runner }: SendTarget, bytes: Buffer): Promise<void> {
  const leave = LEAVE.find(({ byte }) => !bytes.includes(byte));
  if (leave === undefined) throw new SessionConfigError('the text holds every control character that could end it', { hint: 'Send it in pieces' });
  const outcome = await runner.run({
    program: client.program(),
    args: ['attach', '--sig-proxy=false', '--detach-keys', `${leave.name},${leave.name}`, id],
    cwd: '/',
    env: { base: 'empty', set: client.environment() },
    stdin: { bytes: Buffer.concat([bytes, Buffer.from([leave.byte, leave.byte])]) },
    stdout: { maxBytes: 0 },
    timeoutMs: SEND_MS,
    killGraceMs: 500,
  });
  if (outcome.kind === 'exited' && outcome.exitCode === 0) return;
  throw new SessionAttachError(session, 'container', describeOutcome(outcome));
}

/** docker's attach wants a terminal of its own. Its API does not: reached through the client, wherever its context leads. */
async function sendByConnection({ session, id, client, runner }: SendTarget, bytes: Buffer): Promise<void> {
  const request = `POST /containers/${id}/attach?stream=1&stdin=1 HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n`;
  let answer = '';
  await using connection = await runner.spawn({
    program: client.program(),
    args: ['system', 'dial-stdio'],
    cwd: '/',
    env: { base: 'empty', set: client.environment() },
    stdin: 'pipe',
    stdout: 'pipe',
    timeoutMs: SEND_MS,
    killGraceMs: 500,
  });
  await connection.stdin?.write(request);
  for await (const chunk of connection.stdout ?? []) {
    answer += Buffer.from(chunk).toString('latin1');
    if (answer.includes('\r\n\r\n')) break;
  }
  if (!/^HTTP\/1\.1 (?:101|200) /.test(answer)) throw new SessionAttachError(session, 'container', answer.split('\r\n')[0] ?? 'docker closed the connection');
  await connection.stdin?.write(bytes);
  await connection.stdin?.end();
  await connection.outcome;
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
  if ([...key].length === 1) return Buffer.from(key);
  throw new SessionConfigError(`there is no key "${key}"`, { hint: 'Keys are C-c, Enter, Up, F1, M-x and the like; send text with --text' });
}
