import type { RecordedSpec } from './recorded-spec.ts';
import type { RawRecord } from './record-json.ts';
import { integerField, objectField, objectsField, optionalFlag, optionalInteger, optionalText, textField, textsField, wordField } from './record-json.ts';
import { RECORD_SCHEMA_VERSION } from './run-files.ts';
import { parseRunId } from './run-id.ts';
import type { ExitReason, ExitRecord, LauncherRecord, StartRecord, Starter, StopRecord, StopStep } from './run-record.ts';
import { parseSessionName } from './session-name.ts';
import type { BackendKind, OutputSpec, SessionSpec } from './session-spec.ts';

const EXIT_REASONS: readonly ExitReason[] = ['exit', 'signal', 'stopped', 'start-failed', 'lost', 'interrupted'];
const STOP_STEPS: readonly StopStep[] = ['signal', 'kill', 'sweep'];
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

export function exitRecord(raw: RawRecord): ExitRecord {
  return {
    exitCode: optionalInteger(raw, 'exitCode'),
    signal: optionalText(raw, 'signal'),
    oomKilled: optionalFlag(raw, 'oomKilled'),
    endedAt: textField(raw, 'endedAt'),
    reason: wordField(raw, 'reason', EXIT_REASONS),
    stoppedBy: raw['stoppedBy'] === undefined || raw['stoppedBy'] === null ? null : stoppedBy(objectField(raw, 'stoppedBy')),
  };
}

export function recordedSpec(raw: RawRecord): RecordedSpec {
  const terminal = objectField(raw, 'terminal');
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
    attempt: integerField(raw, 'attempt'),
    createdAt: textField(raw, 'createdAt'),
    starter: starter(objectField(raw, 'starter')),
    hostname: textField(raw, 'hostname'),
    platform: textField(raw, 'platform'),
  };
}

function stoppedBy(raw: RawRecord): NonNullable<ExitRecord['stoppedBy']> {
  return { who: textField(raw, 'who'), step: wordField(raw, 'step', STOP_STEPS) };
}

function output(raw: RawRecord): OutputSpec {
  const as = optionalText(raw, 'as');
  return { path: textField(raw, 'path'), to: textsField(raw, 'to'), ...(as === null ? {} : { as }) };
}

function stopDefaults(raw: RawRecord): SessionSpec['stop'] {
  const signal = optionalText(raw, 'signal');
  const timeoutMs = optionalInteger(raw, 'timeoutMs');
  return { ...(signal === null ? {} : { signal }), ...(timeoutMs === null ? {} : { timeoutMs }) };
}

function starter(raw: RawRecord): Starter {
  return { pid: integerField(raw, 'pid'), startTime: textField(raw, 'startTime'), bootId: textField(raw, 'bootId'), host: textField(raw, 'host') };
}
