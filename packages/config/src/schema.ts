// This file loads zod (60 ms): it is imported only when a file is read or a schema is printed.
import * as z from 'zod';

import { DURATION_EXAMPLES } from './duration.ts';
import type { RawConfig, RawDestination, RawSession, RawStop } from './raw-config.ts';
import { SIZE_EXAMPLES } from './size.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const NAME_RULE = 'use 1 to 64 of the characters A-Z a-z 0-9 _ - and begin with a letter or a digit';
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
// No leading dash: it would reach ssh as an option.
const SSH_TARGET = /^[^\s\-][^\s]*$/;
const NO_NUL = /^[^\0]+$/;

const name = z.string().regex(NAME, { error: `is not a usable name: ${NAME_RULE}` });
const text = z.string().regex(NO_NUL, { error: 'must not be empty or hold a NUL' });
const duration = z
  .string()
  .regex(/^(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+$/, { error: `must be a duration such as ${DURATION_EXAMPLES}` })
  .meta({ description: `A duration: ${DURATION_EXAMPLES}` });
const size = z
  .string()
  .regex(/^\d+(?:\.\d+)? ?[KMGTkmgt]?i?[Bb]$/, { error: `must be a size such as ${SIZE_EXAMPLES}` })
  .meta({ description: `A size: ${SIZE_EXAMPLES}` });
const signal = z.string().regex(/^(?:SIG)?[A-Z][A-Z0-9]{1,9}$/, { error: 'must be the name of a signal, such as INT or SIGTERM' });

const stop: z.ZodType<RawStop> = z.strictObject({
  signal: signal.optional().meta({ description: 'First signal; INT if not given' }),
  timeout: duration.optional().meta({ description: 'Time between the signal and KILL; 10s if not given' }),
});

const oneOrMore = z.union([text, z.array(text).min(1)], { error: 'must be a text, or a list of texts' });

const output = z.strictObject({
  path: text.meta({ description: "Directory or file that the job makes; relative to the session's workingDir" }),
  to: z.union([name, z.array(name).min(1)], { error: 'must be the name of a destination, or a list of names' }),
  as: text.optional().meta({ description: 'Final name; a template of {name} {session} {run} {host} {date}' }),
});

const session: z.ZodType<RawSession> = z.strictObject({
  command: oneOrMore.optional().meta({ description: 'A list is run as it is, without a shell; a text is run by sh -c' }),
  backend: z.enum(['tmux', 'container']).optional(),
  workingDir: text.optional().meta({ description: "Relative to this file's folder" }),
  env: z.record(z.string().regex(ENV_NAME), z.string().regex(/^[^\0]*$/, { error: 'must not hold a NUL' })).optional(),
  envFile: text.optional().meta({ description: 'KEY=VALUE lines; the way for secrets' }),
  passEnv: z.array(z.string().regex(ENV_NAME)).optional().meta({ description: "Variables taken from the caller; the way for secrets" }),
  outputs: z.array(output).optional(),
  stop: stop.optional(),
  restart: z.string().regex(/^(?:no|always|on-failure(?::\d{1,4})?)$/, { error: 'must be no, always, on-failure or on-failure:MAX' }).optional(),
  image: text.optional(),
  volumes: z.array(text).optional(),
  ports: z.array(text).optional(),
});

const common = {
  bandwidth: z.strictObject({ uploadMbps: z.number().min(0.01).max(1_000_000).meta({ description: 'Megabits per second' }) }).optional(),
  as: text.optional().meta({ description: 'Final name; a template of {name} {session} {run} {host} {date}' }),
};

const destination: z.ZodType<RawDestination> = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('local'), path: text, ...common }),
  z.strictObject({
    type: z.literal('rsync_ssh'),
    target: z.string().regex(SSH_TARGET, { error: 'must be user@host or a Host of the ssh configuration' }),
    path: text,
    port: z.int().min(1).max(65_535).optional(),
    sshKey: text.optional(),
    knownHosts: text.optional(),
    sshConfig: text.optional(),
    ...common,
  }),
  z.strictObject({ type: z.literal('rclone'), remote: z.string().regex(/^[^\s:-][^:]*:/, { error: 'must be remote:path, as rclone writes it' }), ...common }),
]);

/** The shape of `longhaul.yaml` (design §7). Unknown keys are errors: a misspelt one would be a setting that silently does nothing. */
export const configSchema: z.ZodType<RawConfig> = z.strictObject({
  $schema: z.string().optional(),
  sessions: z.record(name, session).optional(),
  destinations: z.record(name, destination).optional(),
  tmux: z
    .strictObject({ socket: z.string().regex(/^(?:[A-Za-z0-9][\w.-]*|[/~].*)$/, { error: 'must be a socket name, or an absolute path' }).optional() })
    .optional(),
  stop: stop.optional(),
  retention: z.strictObject({ maxRuns: z.int().min(1).optional(), maxAge: duration.optional(), maxBytes: size.optional() }).optional(),
  worker: z.strictObject({ concurrency: z.int().min(1).max(64).optional() }).optional(),
  reclaim: z.strictObject({ enabled: z.boolean().optional(), minVerifyPasses: z.int().min(1).max(100).optional(), minAge: duration.optional() }).optional(),
});

/** A JSON Schema as an editor reads it (draft 2020-12). */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The JSON Schema of the file, for editors: `# yaml-language-server: $schema=…`. */
export function buildJsonSchema(): JsonSchema {
  return { ...z.toJSONSchema(configSchema, { io: 'input' }), title: 'longhaul.yaml' };
}

/** One fault of a file, before it has a line and a column. */
export type Issue = z.core.$ZodIssue;

/** Checks the shape. Nothing of what it returns on failure holds a value of the file. */
export function checkShape(value: unknown): { readonly ok: true; readonly config: RawConfig } | { readonly ok: false; readonly issues: readonly Issue[] } {
  const result = configSchema.safeParse(value);
  return result.success ? { ok: true, config: result.data } : { ok: false, issues: result.error.issues };
}
