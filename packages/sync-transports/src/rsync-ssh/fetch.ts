import { installHint, TransportError, TransportErrorKind } from '@longhaul/errors';
import type { Outcome, ProcessRunner } from '@longhaul/exec';
import { describeOutcome, succeeded } from '@longhaul/exec';
import { parseFinalName } from '../final-name.ts';
import type { Classification } from '../failures/index.ts';
import { classifyRsync } from '../failures/index.ts';
import type { RawPath } from '../raw-path.ts';
import { displayPath, rawPathBytes } from '../raw-path.ts';
import { rsyncShellCommand } from '../ssh/ssh-options.ts';
import type { FetchRequest } from '../transport.ts';
import type { RemoteHost } from './remote-host.ts';
import { bracketed, filesFrom, IO_TIMEOUT } from './rsync-arguments.ts';

const WHERE_SCRIPT = `
enter
reply at "$(pwd -P)"
`;

/** What a person's own settings would change, see push. */
const RSYNC_VARIABLES = ['RSYNC_RSH', 'RSYNC_PARTIAL_DIR', 'RSYNC_PROTECT_ARGS', 'RSYNC_OLD_ARGS', 'RSYNC_ICONV', 'RSYNC_CHECKSUM_LIST', 'RSYNC_COMPRESS_LIST', 'RSYNC_CONNECT_PROG', 'RSYNC_PROXY', 'RSYNC_SHELL', 'RSYNC_PASSWORD', 'RSYNC_PORT', 'RSYNC_MAX_ALLOC'];

/** Copies a result from there into a folder here. @throws TransportError with a kind */
export async function fetchResult({ host, runner }: { readonly host: RemoteHost; readonly runner: ProcessRunner }, { finalName, seal, into, signal }: FetchRequest): Promise<string> {
  const [, root = ''] = await host.call({ doing: 'looking for the result', scripts: [WHERE_SCRIPT], signal });
  const place = textOf(`${root}/${parseFinalName(finalName)}` as RawPath);
  await host.shells.open(signal);
  const ssh = await host.connection.arguments('shared');
  const { facts, destination } = host;
  const there = facts?.isRsyncOnPath === false && facts.rsync !== null ? [`--rsync-path=${facts.rsync}`] : [];
  const outcome = await runner.run({
    program: 'rsync',
    args: ['-aHS', '-s', '--from0', '--files-from=-', '--no-implied-dirs', `--timeout=${String(IO_TIMEOUT)}`, ...there, '-e', rsyncShellCommand(['ssh', ...ssh]), '--', `${bracketed(destination.target)}:${place}/`, `${into}/`],
    env: { set: { LC_ALL: 'C' }, unset: RSYNC_VARIABLES },
    stdin: { bytes: filesFrom(seal.entries.map(({ path }) => path)) },
    stdout: { maxBytes: 16 * 1024 },
    stderr: { maxBytes: 256 * 1024 },
    drainMs: 500,
    ...(signal === undefined ? {} : { signal }),
  });
  if (succeeded(outcome)) return into;
  const verdict = outcome.kind === 'exited' ? classifyRsync({ returncode: outcome.exitCode, stderr: outcome.stderr.text, stdout: '', facts: { ...host.failureFacts(), failuresAtSameFile: 0, sourceMissing: false } }) : null;
  // A warning, such as an owner that cannot be kept: what is here is hashed anyway.
  if (verdict?.ok === true) return into;
  throw await failure(host, outcome, verdict);
}

async function failure(host: RemoteHost, outcome: Outcome, verdict: Classification | null): Promise<TransportError> {
  const doing = `fetching from ${host.destination.target} failed`;
  if (outcome.kind === 'notFound') return new TransportError(`${doing}: rsync is not installed on this machine`, { errorKind: null, hint: installHint('rsync') });
  if (outcome.kind === 'cancelled') return new TransportError('fetching was interrupted', { errorKind: TransportErrorKind.INTERRUPTED });
  if (verdict === null) return new TransportError(`${doing}: ${describeOutcome(outcome)}`, { errorKind: TransportErrorKind.UNKNOWN });
  const { kind, evidence, hint } = await host.explain(verdict);
  return new TransportError(`${doing}: ${evidence ?? describeOutcome(outcome)}`, { errorKind: kind, hint: hint ?? undefined, context: { evidence } });
}

/** An argument of Node's is text. @throws TransportError of kind config for a name that is none */
function textOf(path: RawPath): string {
  const bytes = rawPathBytes(path);
  const text = bytes.toString('utf8');
  if (Buffer.from(text).equals(bytes)) return text;
  throw new TransportError(`${displayPath(path)} is no UTF-8: it can only be brought back by hand`, { errorKind: TransportErrorKind.CONFIG });
}
