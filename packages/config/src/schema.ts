// This file loads zod (60 ms): it is imported only when a file is read or a schema is printed.
import * as z from 'zod';

import { DAY_WORDS } from './bandwidth.ts';
import { DURATION_EXAMPLES } from './duration.ts';
import type { RawConfig, RawDestination, RawReady, RawSession, RawStop, RawWatch } from './raw-config.ts';
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

const FILTER_RULE = 'must be a pattern as in a .gitignore, such as "*.tmp" or "cache/"';
const exclude = z.string({ error: FILTER_RULE }).regex(/^(?!!?\/?$)[^\0\n]+$/, { error: FILTER_RULE });
const include = z.string({ error: FILTER_RULE }).regex(/^(?!\/?$)(?!!)[^\0\n]+$/, { error: `${FILTER_RULE}; what is not wanted belongs under exclude` });
const filter = {
  include: z.union([include, z.array(include).min(1)]).optional().meta({ description: 'Only what matches is sent: patterns as in a .gitignore; a folder with everything in it' }),
  exclude: z.union([exclude, z.array(exclude).min(1)]).optional().meta({ description: 'What is not sent all the same: patterns as in a .gitignore. A .longhaulignore in a folder says it there' }),
};

const output = z.strictObject({
  path: text.meta({ description: "Directory or file that the job makes; relative to the session's workingDir" }),
  to: z.union([name, z.array(name).min(1)], { error: 'must be the name of a destination, or a list of names' }),
  as: text.optional().meta({ description: 'Final name; a template of {name} {session} {run} {host} {date}' }),
  ...filter,
});

const watch: z.ZodType<RawWatch> = z.strictObject({
  path: text.meta({ description: "Folder whose subfolders are sent, each when it has been left alone for a while; relative to this file's folder" }),
  settle: duration.optional().meta({ description: 'How long a subfolder must stay as it is; 60s if not given' }),
  sentinel: z.string().regex(/^(?!\.{1,2}$)[^/\0\n]+$/, { error: 'must be the name of a file, such as DONE' }).optional().meta({ description: 'A subfolder is not sent before a file of this name is in it' }),
  to: z.union([name, z.array(name).min(1)], { error: 'must be the name of a destination, or a list of names' }),
  as: text.optional().meta({ description: 'Final name; a template of {name} {host} {date}' }),
  ...filter,
});

const VOLUME = /^[^:\0]+:\/[^:\0]*(?::(?:ro|rw))?$/;
const VOLUME_RULE = 'must be HOST:CONTAINER or HOST:CONTAINER:ro, with an absolute path in the container, such as ./data:/data';
const PORT = /^(?:(?:\[[0-9A-Fa-f:.]+\]|\d{1,3}(?:\.\d{1,3}){3}):)?\d{1,5}:\d{1,5}(?:\/(?:tcp|udp))?$/;
const inside = z.string().regex(/^\/[^:\0]*$/, { error: 'must be an absolute path in the container' });

const READY_KEYS = ['log', 'tcp', 'http', 'command'] as const;
const ready: z.ZodType<RawReady> = z
  .strictObject({
    log: text.optional().meta({ description: 'A pattern (regular expression) that a line of its log matches' }),
    tcp: z.union([z.int().min(1).max(65_535), z.string().regex(/^(?:\S+:)?\d{1,5}$/, { error: 'must be a port, or host:port' })], { error: 'must be a port, or host:port' }).optional(),
    http: z.string().regex(/^https?:\/\/\S+$/i, { error: 'must be an address of http or https' }).optional().meta({ description: 'Ready when it answers with 200 to 399' }),
    command: oneOrMore.optional().meta({ description: "Ready when it exits with 0; run with the job's directory and environment" }),
  })
  .refine((value) => READY_KEYS.filter((key) => value[key] !== undefined).length === 1, { error: 'must have exactly one of log, tcp, http, command' });

const session: z.ZodType<RawSession> = z.strictObject({
  command: oneOrMore.optional().meta({ description: 'A list is run as it is, without a shell; a text is run by sh -c' }),
  backend: z.enum(['tmux', 'container']).optional(),
  workingDir: text.optional().meta({ description: "Relative to this file's folder" }),
  env: z.record(z.string().regex(ENV_NAME), z.string().regex(/^[^\0]*$/, { error: 'must not hold a NUL' })).optional(),
  envFile: text.optional().meta({ description: 'KEY=VALUE lines; the way for secrets' }),
  passEnv: z.array(z.string().regex(ENV_NAME)).optional().meta({ description: "Variables taken from the caller; the way for secrets" }),
  outputs: z.array(output).optional(),
  stop: stop.optional(),
  restart: z
    .string()
    .regex(/^(?:no|always|on-failure(?::\d{1,6})?)$/, { error: 'must be no, always, on-failure or on-failure:MAX' })
    .optional()
    .meta({ description: 'Whether a job that ended by itself is started again: no, always, on-failure or on-failure:MAX (restarts in a row)' }),
  restartDelay: duration.optional().meta({ description: 'Before the first restart; doubled for each that follows in a row. 1s if not given' }),
  restartMaxDelay: duration.optional().meta({ description: 'The longest pause before a restart; 5m if not given' }),
  restartReset: duration.optional().meta({ description: 'A job that lived so long begins a new row of restarts; 1m if not given' }),
  ready: ready.optional().meta({ description: 'When the running job counts as ready: one of log, tcp, http, command' }),
  maxLog: size.optional().meta({ description: 'Space that the log of a run may take; the oldest output goes first. No limit if not given' }),
  image: text.optional().meta({ description: 'Image of the container; with it, backend is container' }),
  runtime: z.enum(['podman', 'docker']).optional().meta({ description: 'Which engine; podman where it is there if not given, else docker' }),
  pull: z.enum(['missing', 'always', 'never']).optional().meta({ description: 'Whether the image is fetched; missing if not given' }),
  volumes: z.array(z.string().regex(VOLUME, { error: VOLUME_RULE })).optional().meta({ description: "HOST:CONTAINER or HOST:CONTAINER:ro; a path HOST is relative to this file's folder, a name without a slash is a volume of the engine" }),
  ports: z.array(z.string().regex(PORT, { error: 'must be HOST:CONTAINER, such as 8080:80, 0.0.0.0:8080:80 or 5353:53/udp' })).optional().meta({ description: '[ADDRESS:]HOST:CONTAINER[/udp]; only this machine reaches it where no address is given' }),
  containerDir: inside.optional().meta({ description: "Working directory in the container; the image's if not given" }),
  logVolume: inside.optional().meta({ description: "Folder in the container that is kept with the run's log, for programs that write log files of their own" }),
  memory: z.string().regex(/^\d+(?:\.\d+)? ?[kmgt]?i?b?$/i, { error: 'must be a size such as 512m, 2g or 1.5GiB' }).optional().meta({ description: 'Memory limit: 512m, 2g, 1.5GiB' }),
  cpus: z.union([z.number().positive(), z.string().regex(/^\d+(?:\.\d+)?$/, { error: 'must be a number of processors such as 2 or 0.5' })], { error: 'must be a number of processors such as 2 or 0.5' }).optional().meta({ description: 'Limit of processors, in parts too: 0.5' }),
  network: text.optional().meta({ description: "Network of the engine; its default if not given. none: no network" }),
  tty: z.boolean().optional().meta({ description: 'A terminal in the container, for programs with a screen; merges stdout and stderr' }),
  init: z.boolean().optional().meta({ description: 'false: no init process in the container, even where the engine has one' }),
});

const timeOfDay = z.string().regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, { error: 'must be a time of day in quotes, such as "08:30"' });

const bandwidthWindow = z
  .strictObject({
    days: z.array(z.enum(DAY_WORDS)).min(1).optional().meta({ description: 'On which days it begins: mon, tue, … , weekdays, weekend; all if not given' }),
    from: timeOfDay.refine((value) => value !== '24:00', { error: 'must be a time before 24:00' }).meta({ description: 'Local time, such as "08:00"' }),
    to: timeOfDay.meta({ description: 'Local time, such as "18:00"; not after `from`: on the day after' }),
    uploadMbps: z.union([z.literal(0), z.number().min(0.01).max(1_000_000)], { error: 'must be megabits per second, or 0 for nothing at all' }).meta({ description: 'Megabits per second in this window; 0: nothing is sent' }),
  })
  .refine(({ from, to }) => from !== to, { error: 'is empty: from and to are the same', path: ['to'] });

const common = {
  reclaim: z
    .strictObject({
      allow: z.boolean().optional().meta({ description: 'false: what is meant for this destination is never deleted' }),
      minVerifyPasses: z.int().min(1).max(100).optional(),
      minAge: duration.optional(),
    })
    .optional()
    .meta({ description: 'What this destination asks for before its word allows a deletion' }),
  bandwidth: z
    .strictObject({
      uploadMbps: z.number().min(0.01).max(1_000_000).optional().meta({ description: 'Megabits per second outside the windows; no limit if not given' }),
      windows: z.array(bandwidthWindow).max(50).optional().meta({ description: 'Parts of the week with another limit; the first that fits counts' }),
    })
    .optional(),
  concurrency: z.int().min(1).max(64).optional().meta({ description: 'Transfers to it at the same time; 2 if not given' }),
  as: text.optional().meta({ description: 'Final name; a template of {name} {session} {run} {host} {date}' }),
};

const destination: z.ZodType<RawDestination> = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('local'), path: text, mountPoint: text.optional().meta({ description: 'Must be a mounted disk or share whenever the destination is used: path itself, or a folder above it' }), ...common }),
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
  z.strictObject({
    type: z.literal('rclone'),
    // No options within: they would stand in the argument list of every call.
    remote: z.string().regex(/^[^\s:,/-][^:,/]*:/, { error: 'must be remote:path, as rclone writes it; options and passwords go into rclone config' }),
    verify: z.enum(['auto', 'hash', 'download', 'size']).optional().meta({ description: 'How it proves what it holds: hash (a SHA-256 of its own), download (every byte is read back), size (never enough to delete the local copy); the strongest it can if not given' }),
    configFile: text.optional().meta({ description: "rclone's configuration file; its own default if not given" }),
    transfers: z.int().min(1).max(64).optional().meta({ description: 'Files at the same time; 4 if not given' }),
    ...common,
  }),
]);

/** The shape of `longhaul.yaml` (design §7). Unknown keys are errors: a misspelt one would be a setting that silently does nothing. */
export const configSchema: z.ZodType<RawConfig> = z.strictObject({
  $schema: z.string().optional(),
  sessions: z.record(name, session).optional(),
  destinations: z.record(name, destination).optional(),
  watch: z.array(watch).optional().meta({ description: 'Folders whose subfolders are sent by longhaul serve, or by longhaul sync work --watch' }),
  tmux: z
    .strictObject({ socket: z.string().regex(/^(?:[A-Za-z0-9][\w.-]*|[/~].*)$/, { error: 'must be a socket name, or an absolute path' }).optional() })
    .optional(),
  attach: z.strictObject({ protect: z.boolean().optional() }).optional(),
  stop: stop.optional(),
  retention: z.strictObject({ maxRuns: z.int().min(1).optional(), maxAge: duration.optional(), maxBytes: size.optional() }).optional(),
  worker: z
    .strictObject({ concurrency: z.int().min(1).max(64).optional(), stallTimeout: duration.optional().meta({ description: 'A transfer that moves nothing for so long is ended and tried again; 10m if not given' }) })
    .optional(),
  history: z
    .strictObject({
      details: duration.optional().meta({ description: 'How long every step of a finished job is remembered; 90d if not given. Its proofs stay' }),
      jobs: duration.optional().meta({ description: 'How long a job is remembered that proves nothing any more; 365d if not given' }),
    })
    .optional(),
  audit: z
    .strictObject({
      enabled: z.boolean().optional().meta({ description: 'false: results are only looked at again when a person asks (longhaul sync verify); true if not given' }),
      every: duration.optional().meta({ description: 'How old a proof may become before the result is read again at its destination; 30d if not given' }),
      maxFilesPerDay: z.int().min(1).max(999_999_999).optional().meta({ description: 'So many files are read again within 24 hours, over all destinations; 2000000 if not given' }),
      maxBytesPerDay: size.optional().meta({ description: 'So much is read again within 24 hours, over all destinations; 200GB if not given' }),
    })
    .optional(),
  reclaim: z
    .strictObject({
      enabled: z.boolean().optional().meta({ description: 'true: local files that every destination has proven may be deleted; nothing is deleted if not given' }),
      automatic: z.boolean().optional().meta({ description: 'false: only by hand, with longhaul sync reclaim --delete' }),
      minVerifyPasses: z.int().min(1).max(100).optional().meta({ description: 'Proofs by content, on separate occasions, from every destination; 2 if not given' }),
      minAge: duration.optional().meta({ description: 'Time since the proof that completed them; 24h if not given' }),
      keepMetadata: z.boolean().optional().meta({ description: 'false: .longhaul/ with manifest, receipts and proofs does not stay where the files were' }),
      when: z.strictObject({ diskFreeBelow: size.optional().meta({ description: "Workers begin only while the source's disk has less free than this" }) }).optional(),
    })
    .optional(),
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
