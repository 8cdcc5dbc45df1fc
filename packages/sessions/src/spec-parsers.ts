import type { RawRecord } from './record-json.ts';
import { integerField, objectsField, optionalInteger, optionalNumber, optionalText, textField, textsField, wordField } from './record-json.ts';
import type { ContainerRuntime, ContainerSpec, PortMapping, ReadyCheck, RestartPolicy, VolumeMount } from './session-spec.ts';

/** Each reads a part of spec.json and throws SessionConfigError saying which field is wrong. */
export function containerSpec(raw: RawRecord): ContainerSpec {
  return {
    image: textField(raw, 'image'),
    runtime: raw['runtime'] === null ? null : wordField<ContainerRuntime>(raw, 'runtime', ['podman', 'docker']),
    pull: wordField(raw, 'pull', ['missing', 'always', 'never']),
    volumes: objectsField(raw, 'volumes').map(volume),
    ports: objectsField(raw, 'ports').map(port),
    logVolume: optionalText(raw, 'logVolume'),
    workingDir: optionalText(raw, 'workingDir'),
    terminal: wordField(raw, 'terminal', ['yes', 'no']),
    init: wordField(raw, 'init', ['auto', 'no']),
    memoryBytes: optionalInteger(raw, 'memoryBytes'),
    cpus: optionalNumber(raw, 'cpus'),
    network: optionalText(raw, 'network'),
    envNames: textsField(raw, 'envNames'),
  };
}

export function restartPolicy(raw: RawRecord): RestartPolicy {
  return {
    mode: wordField(raw, 'mode', ['no', 'on-failure', 'always']),
    maxRestarts: optionalInteger(raw, 'maxRestarts'),
    delayMs: integerField(raw, 'delayMs'),
    maxDelayMs: integerField(raw, 'maxDelayMs'),
    resetMs: integerField(raw, 'resetMs'),
  };
}

export function readyCheck(raw: RawRecord): ReadyCheck {
  switch (wordField(raw, 'kind', ['log', 'tcp', 'http', 'command'])) {
    case 'log':
      return { kind: 'log', pattern: textField(raw, 'pattern') };
    case 'tcp':
      return { kind: 'tcp', host: textField(raw, 'host'), port: integerField(raw, 'port') };
    case 'http':
      return { kind: 'http', url: textField(raw, 'url') };
    case 'command':
      return { kind: 'command', argv: textsField(raw, 'argv') };
  }
}

function volume(raw: RawRecord): VolumeMount {
  return { source: textField(raw, 'source'), target: textField(raw, 'target'), mode: wordField(raw, 'mode', ['rw', 'ro']) };
}

function port(raw: RawRecord): PortMapping {
  return { hostAddress: textField(raw, 'hostAddress'), hostPort: integerField(raw, 'hostPort'), containerPort: integerField(raw, 'containerPort'), protocol: wordField(raw, 'protocol', ['tcp', 'udp']) };
}
