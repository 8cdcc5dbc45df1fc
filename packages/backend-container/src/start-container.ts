import { join } from 'node:path';

import { SessionConfigError, SessionExistsError, SessionStartError } from '@longhaul/errors';
import type { ContainerSpec, RecordedSpec, RunDirectory, RunObservation, SessionSpec } from '@longhaul/sessions';
import { hasEnded } from '@longhaul/sessions';

import { writeContainerRecord } from './container-record.ts';
import { discardContainer } from './discard-container.ts';
import type { EngineSet } from './engine-set.ts';
import { dockerEndpoint } from './engine-set.ts';
import type { ContainerInfo, EngineClient, EngineFacts } from './engine/index.ts';
import { createPlan, ensureImage, inspectContainer, ownerOf, stateIdOf } from './engine/index.ts';
import type { LaunchPorts } from './launch.ts';
import { adopt, launch } from './launch.ts';
import type { LauncherPlan } from './launcher/index.ts';
import { CONTAINER_FILES, writeContainerFiles } from './launcher/index.ts';
import { startFailure } from './start-failure.ts';
import { until } from './until.ts';

/** What a start stands on. */
export interface StartPorts extends LaunchPorts {
  readonly engines: EngineSet;
  /** Lines of the progress of a pull. */
  readonly onProgress: (line: string) => void;
}

/** Starts the container of a prepared run; settles when the record says that it runs, or how it ended. */
export async function startContainer(spec: SessionSpec, run: RunDirectory, ports: StartPorts): Promise<RunObservation> {
  const { container } = spec;
  if (container === null) throw new SessionConfigError(`session "${spec.name}" names no image`, { hint: `Say which: longhaul start ${spec.name} --backend container --image IMAGE` });
  const client = ports.engines.choose(container.runtime);
  const [engine, holder] = await Promise.all([ports.engines.facts(client), inspectContainer(client, spec.name)]);
  refuseRemote(spec, engine);
  if (holder.kind === 'unknown') throw holder.cause;
  if (holder.kind === 'present') await clearName(holder.info, { spec, run, client, ports });
  await ensureImage(client, { session: spec.name, image: container.image, pull: container.pull, onProgress: ports.onProgress });
  prepare(spec, run, { client, engine, container });
  const seen = await launch(run, ports);
  if (hasEnded(seen.verdict) && seen.verdict.reason === 'start-failed') throw startFailure(run, client.runtime);
  return seen;
}

/** podman on another machine (podman machine on macOS) writes its log where nobody of ours reads it. */
function refuseRemote({ name }: SessionSpec, { place, server, runtime }: EngineFacts): void {
  if (place === 'local' || server === 'docker') return;
  throw new SessionStartError(name, 'container', `${runtime} runs its containers on another machine, where their logs cannot be followed`, { hint: 'Use docker, or run Longhaul on that machine' });
}

function prepare(spec: SessionSpec, run: RunDirectory, { client, engine, container }: { readonly client: EngineClient; readonly engine: EngineFacts; readonly container: ContainerSpec }): void {
  const containerName = spec.name;
  const create = createPlan({
    spec,
    run,
    containerName,
    engine,
    files: {
      cidFile: join(run.path, CONTAINER_FILES.cid),
      envFile: join(run.path, CONTAINER_FILES.containerEnv),
      logFile: join(run.path, CONTAINER_FILES.log),
      logVolumeDir: join(run.path, CONTAINER_FILES.logVolume),
    },
  });
  const env = client.environment();
  const plan: LauncherPlan = {
    runtime: client.runtime,
    server: engine.server,
    program: client.program(),
    log: engine.server === 'podman' ? 'file' : 'follow',
    endpoint: engine.server === 'podman' ? '' : dockerEndpoint(env),
    place: engine.place,
    containerName,
    terminal: container.terminal,
    command: spec.command[0] ?? 'the command of the image',
    env,
  };
  try {
    writeContainerRecord(run, { runtime: client.runtime, containerName, terminal: container.terminal });
    writeContainerFiles(run, plan, create);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && 'syscall' in cause)) throw cause;
    throw new SessionStartError(spec.name, 'container', `the run could not be written (${String(cause.code)})`, { cause, hint: 'Is the disk of the state directory full?' });
  }
}

interface Taken {
  readonly spec: SessionSpec;
  readonly run: RunDirectory;
  readonly client: EngineClient;
  readonly ports: StartPorts;
}

/**
 * The engine has a container of this name. One of ours that has ended is removed once its end is on record, and made anew; what is
 * running, somebody else's, or of another spec stays (design §4.4).
 */
async function clearName(holder: ContainerInfo, taken: Taken): Promise<void> {
  const { spec, run, client, ports } = taken;
  const owner = ownerOf(holder);
  if (owner?.stateId !== stateIdOf(run.stateDir) || owner.session !== spec.name) throw foreignHolder(holder, taken);
  if (holder.state === 'running' || holder.state === 'paused') throw runningHolder(holder, taken);
  const left = await ports.runs.find(owner.runId);
  const seen = left === null ? null : ports.runs.observe(left);
  // Its end is on record, or the run was dropped since: the container is all that is left, and nothing is lost with it.
  if (seen === null || seen.reading.records.exit !== null || seen.reading.records.job !== null) {
    await discardContainer(client, holder.id, spec.name);
    return;
  }
  const wanted = await ports.runs.recordedSpec(run);
  if (seen.reading.spec === null || !isSameSpec(seen.reading.spec, wanted)) throw otherSpec(holder, taken);
  await adopt(seen, ports);
  // With the container goes what of its output was not copied yet.
  if (!(await until(() => ports.runs.observe(seen.reading.run).reading.records.exit !== null, RECORD_MS))) {
    throw new SessionStartError(spec.name, 'container', 'the log and the end of its container of before are still being written down', { hint: 'Try again in a moment' });
  }
  await discardContainer(client, holder.id, spec.name);
}

/** How long the end of a run whose launcher was killed may take to be recorded. */
const RECORD_MS = 15_000;

/** Whether two runs were asked for the same. Values of variables are not recorded, so only their names count. */
function isSameSpec(left: RecordedSpec, right: RecordedSpec): boolean {
  const what = ({ command, container, workingDir, envNames, umask }: RecordedSpec): string => JSON.stringify([command, container, workingDir, envNames, umask]);
  return what(left) === what(right);
}

function foreignHolder({ name, id }: ContainerInfo, { spec, client }: Taken): SessionExistsError {
  return new SessionExistsError(spec.name, client.runtime, { hint: `${client.runtime} has a container "${name}" that Longhaul did not make here. Choose another name, or rename it: ${client.runtime} rename ${id.slice(0, 12)} OTHER-NAME` });
}

function runningHolder({ id }: ContainerInfo, { spec, client }: Taken): SessionExistsError {
  return new SessionExistsError(spec.name, client.runtime, { hint: `A container of an earlier run is still running. End it: ${client.runtime} stop ${id.slice(0, 12)}` });
}

function otherSpec(_holder: ContainerInfo, { spec, client }: Taken): SessionExistsError {
  return new SessionExistsError(spec.name, client.runtime, { hint: `A stopped container of an earlier run, made with other settings, has the name and its end is not on record. Keep what it says and remove it: longhaul remove ${spec.name}` });
}
