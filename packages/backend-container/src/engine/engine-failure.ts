import type { Outcome } from '@longhaul/exec';
import { describeOutcome } from '@longhaul/exec';

/**
 * Why an engine did not do it. `unknown`: the engine cannot be asked (no daemon, no right to its socket, no answer in time) or said
 * something that no rule knows: the truth is not known (design §4.1). `absent`: there is no such container.
 */
export type EngineFailureKind =
  | 'unknown'
  | 'absent'
  | 'name-taken'
  | 'no-image'
  | 'image-unavailable'
  | 'port-taken'
  | 'bad-mount'
  | 'bad-option'
  | 'no-network'
  | 'no-init'
  | 'no-permission'
  | 'no-limits'
  | 'not-executable'
  | 'in-use'
  | 'not-running'
  | 'no-space';

/** What an engine answered. */
export type EngineAnswer =
  | { readonly kind: 'done'; readonly stdout: string; readonly stderr: string }
  | EngineFailure;

/** A question that an engine did not do. `stdout` may still hold a part of the answer: `inspect` of two of which one is gone. */
export interface EngineFailure {
  readonly kind: 'failed';
  readonly why: EngineFailureKind;
  /** What it said, on one line, redacted. */
  readonly evidence: string;
  readonly stdout: string;
  readonly exitCode: number | null;
}

interface FailureRule {
  readonly stderr: RegExp;
  readonly kind: EngineFailureKind;
}

/** What podman 4.3 and docker 20.10 and 28 say, specific before generic; test/fixtures/failures.json is what each rule was made from. */
const ENGINE_FAILURES = [
  { stderr: /cannot connect to (?:the docker daemon|podman)|unable to connect to podman|error during connect|is the docker daemon running|trying to connect to the docker daemon/i, kind: 'unknown' },
  { stderr: /no space left on device|disk quota exceeded/i, kind: 'no-space' },
  { stderr: /container name "[^"]*" is already in use|that name is already in use/i, kind: 'name-taken' },
  { stderr: /no such (?:container|object)|no container with (?:name or )?id/i, kind: 'absent' },
  { stderr: /cannot remove a running container|cannot remove container \S+ as it is|removal of container .* is already in progress|volume is (?:being used|in use)/i, kind: 'in-use' },
  { stderr: /is not running|can only (?:create exec sessions on|kill|attach to) running|only attach to running|attach to a (?:stopped|paused) container|container state improper|is not paused/i, kind: 'not-running' },
  { stderr: /address already in use|port is already allocated|ports? are not available/i, kind: 'port-taken' },
  { stderr: /bind source path does not exist|statfs .*: no such file or directory|invalid (?:mount config|mount option|volume specification|container path)|duplicate mount (?:point|destination)|for "--mount" flag|error mounting/i, kind: 'bad-mount' },
  { stderr: /network .* not found|unable to find network|no such network/i, kind: 'no-network' },
  { stderr: /no such image|image not known/i, kind: 'no-image' },
  { stderr: /pull access denied|manifest unknown|manifest for .* not found|unauthorized|repository does not exist|initializing source|no such host|pinging container registry|short-name .* did not resolve|unable to copy from source|Get "https?:\S+\/v2\//i, kind: 'image-unavailable' },
  { stderr: /container-init binary not found|init binary/i, kind: 'no-init' },
  { stderr: /error setting rlimit/i, kind: 'no-limits' },
  { stderr: /executable file not found|exec format error|exec: .*: (?:permission denied|no such file or directory|is a directory)|OCI permission denied|command that was not found/i, kind: 'not-executable' },
  { stderr: /unknown (?:shorthand )?flag|invalid (?:argument|reference format|option|hostPort|container name)|must be lowercase|minimum memory limit|memory limit to|range of CPUs|port numbers must be|workdir .* does not exist|working directory .* is invalid|parsing env file|invalid env file|container id file/i, kind: 'bad-option' },
  { stderr: /permission denied|operation not permitted|newuidmap|insufficient uids/i, kind: 'no-permission' },
] as const satisfies readonly FailureRule[];

/** Which kind of failure the text on an engine's stderr is. */
export function classifyFailure(stderr: string): EngineFailureKind {
  return ENGINE_FAILURES.find((rule) => rule.stderr.test(stderr))?.kind ?? 'unknown';
}

const MAX_EVIDENCE = 2000;

/** An outcome of the program as an answer of the engine. */
export function answerOf(outcome: Exclude<Outcome, { kind: 'notFound' }>, secrets: readonly string[] = []): EngineAnswer {
  const [stdout, stderr] = [outcome.stdout.text, outcome.stderr.text];
  if (outcome.kind === 'exited' && outcome.exitCode === 0) return { kind: 'done', stdout, stderr };
  const said = outcome.kind === 'exited' ? stderr.replaceAll(/\s+/g, ' ').trim() : '';
  const evidence = withoutSecrets(said === '' ? describeOutcome(outcome) : said, secrets).slice(0, MAX_EVIDENCE);
  return { kind: 'failed', why: outcome.kind === 'exited' ? classifyFailure(stderr) : 'unknown', evidence, stdout, exitCode: outcome.kind === 'exited' ? outcome.exitCode : null };
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.filter((secret) => secret !== '').reduce((redacted, secret) => redacted.replaceAll(secret, '***'), text);
}
