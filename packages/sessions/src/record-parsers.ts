import type { RecordedSpec } from './recorded-spec.ts';
import type { RawRecord } from './record-json.ts';
import { integerField, objectField, objectsField, optionalFlag, optionalInteger, optionalObject, optionalText, textField, textsField, wordField } from './record-json.ts';
import { RECORD_SCHEMA_VERSION } from './run-files.ts';
import { parseRunId } from './run-id.ts';
import type { AbandonRecord, ExitReason, ExitRecord, LauncherRecord, LoopEndRecord, PreviousRun, ReadyRecord, RestartRecord, StartRecord, Starter, StopRecord, StopStep } from './run-record.ts';
import { parseSessionName } from './session-name.ts';
import type { BackendKind, OutputSpec, SessionSpec } from './session-spec.ts';
import { NO_RESTART } from './session-spec.ts';
import { containerSpec, readyCheck, restartPolicy } from './spec-parsers.ts';

const EXIT_REASONS: readonly ExitReason[] = ['exit', 'signal', 'stopped', 'start-failed', 'lost', 'interrupted'];
const LOOP_ENDINGS: readonly LoopEndRecord['why'][] = ['succeeded', 'stopped', 'gave-up', 'not-started', 'superseded'];
const STOP_STEPS: readonly StopStep[] = ['signal', 'kill'];
const BACKENDS: readonly BackendKind[] = ['tmux', 'container'];

/** Each reads one record and throws SessionConfigError saying which field is wrong. Fields it does not know are left alone. */
export function launcherRecord(raw: RawRecord): LauncherRecord {
  return { pid: integerField(raw, 'pid'), processStartTime: textField(raw, 'processStartTime'), bootId: textField(raw, 'bootId') };
}

export function startRecord(raw: RawRecord): StartRecord {
  return {
    ...launcherRecord(raw),
    startedAt: textField(raw, 'startedAt'),
    launcherPid: integerField(raw, 'launcherPid'),
    launcherStartTime: textField(raw, 'launcherStartTime'),
    ...shell(raw),
  };
}

function shell(raw: RawRecord): Pick<StartRecord, 'shell'> {
  const [pid, startTime] = [optionalInteger(raw, 'shellPid'), optionalText(raw, 'shellStartTime')];
  return pid === null || startTime === null ? {} : { shell: { pid, startTime } };
}

export function stopRecord(raw: RawRecord): StopRecord {
  return {
    requestedAt: textField(raw, 'requestedAt'),
    requestedBy: textField(raw, 'requestedBy'),
    how: wordField(raw, 'how', ['graceful', 'force']),
    signal: textField(raw, 'signal'),
    timeoutMs: integerField(raw, 'timeoutMs'),
  };
}

export function restartRecord(raw: RawRecord): RestartRecord {
  return { ...launcherRecord(raw), since: textField(raw, 'since'), delayMs: integerField(raw, 'delayMs'), attempt: integerField(raw, 'attempt'), problem: optionalText(raw, 'problem') };
}

export function loopEndRecord(raw: RawRecord): LoopEndRecord {
  return { why: wordField(raw, 'why', LOOP_ENDINGS), at: textField(raw, 'at'), stoppedBy: optionalStoppedBy(raw) };
}

export function abandonRecord(raw: RawRecord): AbandonRecord {
  return { at: textField(raw, 'at'), by: textField(raw, 'by'), reason: textField(raw, 'reason') };
}

export function readyRecord(raw: RawRecord): ReadyRecord {
  return { at: textField(raw, 'at') };
}

export function exitRecord(raw: RawRecord): ExitRecord {
  return {
    exitCode: optionalInteger(raw, 'exitCode'),
    signal: optionalText(raw, 'signal'),
    oomKilled: optionalFlag(raw, 'oomKilled'),
    endedAt: textField(raw, 'endedAt'),
    reason: wordField(raw, 'reason', EXIT_REASONS),
    stoppedBy: optionalStoppedBy(raw),
  };
}

export function recordedSpec(raw: RawRecord): RecordedSpec {
  const terminal = objectField(raw, 'terminal');
  const [container, restart, ready, previous, log] = ['container', 'restart', 'ready', 'previous', 'log'].map((name) => optionalObject(raw, name));
  return {
    schemaVersion: optionalInteger(raw, 'schemaVersion') ?? RECORD_SCHEMA_VERSION,
    runId: parseRunId(textField(raw, 'runId')),
    session: parseSessionName(textField(raw, 'session')),
    claim: optionalInteger(raw, 'claim'),
    backend: wordField(raw, 'backend', BACKENDS),
    command: textsField(raw, 'command'),
    commandComplete: optionalFlag(raw, 'commandComplete') ?? false,
    workingDir: textField(raw, 'workingDir'),
    envNames: textsField(raw, 'envNames'),
    secretEnv: textsField(raw, 'secretEnv'),
    umask: integerField(raw, 'umask'),
    terminal: { columns: integerField(terminal, 'columns'), rows: integerField(terminal, 'rows') },
    outputs: objectsField(raw, 'outputs').map(output),
    stop: stopDefaults(objectField(raw, 'stop')),
    onExit: raw['onExit'] === null ? null : textsField(raw, 'onExit'),
    container: container ? containerSpec(container) : null,
    restart: restart ? restartPolicy(restart) : NO_RESTART,
    ready: ready ? readyCheck(ready) : null,
    ...(log ? { log: { maxBytes: optionalInteger(log, 'maxBytes') } } : {}),
    firstRunId: parseRunId(optionalText(raw, 'firstRunId') ?? textField(raw, 'runId')),
    attempt: integerField(raw, 'attempt'),
    restarts: optionalInteger(raw, 'restarts') ?? 0,
    previous: previous ? previousRun(previous) : null,
    createdAt: textField(raw, 'createdAt'),
    starter: starter(objectField(raw, 'starter')),
    hostname: textField(raw, 'hostname'),
    platform: textField(raw, 'platform'),
  };
}

function optionalStoppedBy(raw: RawRecord): ExitRecord['stoppedBy'] {
  const found = optionalObject(raw, 'stoppedBy');
  return found === null ? null : { who: textField(found, 'who'), step: wordField(found, 'step', STOP_STEPS) };
}

function previousRun(raw: RawRecord): PreviousRun {
  return {
    runId: parseRunId(textField(raw, 'runId')),
    exitCode: optionalInteger(raw, 'exitCode'),
    signal: optionalText(raw, 'signal'),
    reason: raw['reason'] === null ? null : wordField(raw, 'reason', EXIT_REASONS),
    endedAt: optionalText(raw, 'endedAt'),
  };
}

function output(raw: RawRecord): OutputSpec {
  const as = optionalText(raw, 'as');
  return {
    path: textField(raw, 'path'),
    to: textsField(raw, 'to'),
    ...(as === null ? {} : { as }),
    ...(raw['include'] === undefined ? {} : { include: textsField(raw, 'include') }),
    ...(raw['exclude'] === undefined ? {} : { exclude: textsField(raw, 'exclude') }),
  };
}

function stopDefaults(raw: RawRecord): SessionSpec['stop'] {
  const signal = optionalText(raw, 'signal');
  const timeoutMs = optionalInteger(raw, 'timeoutMs');
  return { ...(signal === null ? {} : { signal }), ...(timeoutMs === null ? {} : { timeoutMs }) };
}

function starter(raw: RawRecord): Starter {
  return { pid: integerField(raw, 'pid'), startTime: textField(raw, 'startTime'), bootId: textField(raw, 'bootId'), host: textField(raw, 'host') };
}
