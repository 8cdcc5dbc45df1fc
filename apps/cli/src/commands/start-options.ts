import type { StartInput } from '@longhaul/host';
import { parseReadyCheck } from '@longhaul/sessions';

import type { Call, CommandOption, OptionValues } from '../command-module.ts';
import { byteCount, durationMs } from '../parse-values.ts';

/** What `start` and `run` share. */
export const START_OPTIONS: readonly CommandOption[] = [
  { flags: '-C, --directory <DIR>', text: 'run it in this folder' },
  { flags: '-e, --env <KEY[=VALUE]>', text: 'set a variable; KEY alone takes your value and keeps it secret', repeat: 'yes' },
  { flags: '--env-file <FILE>', text: 'KEY=VALUE lines, kept secret' },
  { flags: '-o, --output <PATH>', text: 'a folder or file that the job makes; sent when it ends', repeat: 'yes' },
  { flags: '--to <DEST>', text: 'where outputs go: a destination of longhaul.yaml, or an absolute path', repeat: 'yes' },
  { flags: '--as <TEMPLATE>', text: 'final name of the outputs, made of {name} {session} {run} {host} {date}' },
  { flags: '--stop-signal <NAME>', text: 'how this job is asked to end; INT if not said' },
  { flags: '--restart <POLICY>', text: 'start it again when it ends by itself: no, always, on-failure, on-failure:MAX' },
  { flags: '--restart-delay <TIME>', text: 'pause before the first restart, doubled for each that follows; 1s if not said' },
  { flags: '--ready <CHECK>', text: 'when it counts as ready: log:PATTERN, tcp:[HOST:]PORT, http://…, command:TEXT' },
  { flags: '--max-log <SIZE>', text: 'space that the log of a run may take; the oldest output goes first: 500MB' },
  { flags: '-b, --backend <KIND>', text: 'what keeps the session alive; container where an image is named', choices: ['tmux', 'container'] },
  { flags: '-i, --image <IMAGE>', text: 'run it in a container of this image; without a command, the image\'s own' },
  { flags: '-v, --volume <HOST:CTR>', text: 'a folder of this machine that the container sees; HOST:CTR:ro to read only', repeat: 'yes' },
  { flags: '-p, --publish <HOST:CTR>', text: 'a port of the container; 0.0.0.0:HOST:CTR to be reached from other machines', repeat: 'yes' },
  { flags: '-w, --container-dir <DIR>', text: 'working directory in the container' },
  { flags: '--memory <SIZE>', text: 'memory limit of the container: 512m, 2g' },
  { flags: '--cpus <NUMBER>', text: 'processors that the container may use: 2, 0.5' },
  { flags: '--tty', text: 'a terminal in the container, for programs with a screen; merges stdout and stderr' },
  { flags: '--no-tty', text: 'no terminal in the container, whatever the file says' },
  { flags: '--init', text: 'an init process in the container where the engine has one, whatever the file says' },
  { flags: '--no-init', text: 'no init process in the container' },
  { flags: '--network <NAME>', text: 'network of the engine; none: no network' },
  { flags: '--log-volume <DIR>', text: 'folder in the container that is kept with the log of the run' },
  { flags: '--runtime <ENGINE>', text: 'which engine', choices: ['podman', 'docker'] },
  { flags: '--pull <WHEN>', text: 'whether the image is fetched', choices: ['missing', 'always', 'never'] },
];

/** What the command line asks for; the rest is taken from `sessions.NAME` of longhaul.yaml. @throws UsageError, SessionConfigError for what cannot be read */
export function startInput({ operands: [name = ''], options, command }: Call): StartInput {
  const signal = options.text('stopSignal');
  const [delay, ready, maxLog] = ['restartDelay', 'ready', 'maxLog'].map((option) => options.text(option));
  return {
    name,
    command,
    backend: options.text('backend') as StartInput['backend'] & (string | null),
    workingDir: options.text('directory'),
    env: options.list('env'),
    envFile: options.text('envFile'),
    outputs: options.list('output'),
    to: options.list('to'),
    as: options.text('as'),
    ...(signal === null ? {} : { stop: { signal } }),
    restart: options.text('restart'),
    restartDelayMs: delay ? durationMs(delay, '--restart-delay') : null,
    ready: ready ? parseReadyCheck(ready) : null,
    maxLogBytes: maxLog ? byteCount(maxLog, '--max-log') : null,
    container: containerInput(options),
  };
}

function containerInput(options: OptionValues): NonNullable<StartInput['container']> {
  return {
    image: options.text('image'),
    runtime: options.text('runtime') as 'podman' | 'docker' | null,
    pull: options.text('pull') as 'missing' | 'always' | 'never' | null,
    volumes: options.list('volume'),
    ports: options.list('publish'),
    workingDir: options.text('containerDir'),
    logVolume: options.text('logVolume'),
    memory: options.text('memory'),
    cpus: options.text('cpus'),
    network: options.text('network'),
    tty: options.flag('tty'),
    init: options.flag('init'),
  };
}
