import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { classifyFailure } from '../src/engine/index.ts';

interface Recorded {
  readonly what: string;
  readonly why: string;
  readonly stderr: string;
}

const recorded = (runtime: string): readonly Recorded[] => JSON.parse(readFileSync(join(import.meta.dirname, `fixtures/${runtime}/failures.json`), 'utf8')) as readonly Recorded[];

describe.each(['podman', 'docker'])('what %s was recorded to say', (runtime) => {
  test.each(recorded(runtime).map(({ what, why, stderr }) => [what, why, stderr] as const))('%s is %s', (_, why, stderr) => {
    expect(stderr).not.toBe('');
    expect(classifyFailure(stderr)).toBe(why);
  });
});

test.each([
  ['Cannot connect to the Docker daemon at unix:///nosuch.sock. Is the docker daemon running?', 'unknown'],
  ['permission denied while trying to connect to the Docker daemon socket at unix:///run/docker.sock: Get "http://%2Frun%2Fdocker.sock/v1.24/containers/json": dial unix /run/docker.sock: connect: permission denied', 'unknown'],
  ['Cannot connect to Podman. Please verify your connection to the Linux system using `podman system connection list`\nError: unable to connect to Podman socket: Get "http://d/v4.3.1/libpod/_ping": dial unix /nosuch: connect: no such file or directory', 'unknown'],
  ['Error response from daemon: Conflict. The container name "/train" is already in use by container "3e8f". You have to remove (or rename) that container to be able to reuse that name.', 'name-taken'],
  ['Error: unable to start container "53c8": cannot listen on the TCP port: listen tcp4 127.0.0.1:18765: bind: address already in use', 'port-taken'],
  ['Error response from daemon: driver failed programming external connectivity on endpoint port (0851): Error starting userland proxy: listen tcp4 127.0.0.1:18765: bind: address already in use\nError: failed to start containers: port', 'port-taken'],
  ['Error response from daemon: network nope not found\nError: failed to start containers: dnet', 'no-network'],
  ['Error: container-init binary not found on the host: stat /nosuch: no such file or directory', 'no-init'],
  ['Error: unable to start container 49dd: workdir "/nosuch/dir" does not exist on container 49dd', 'bad-option'],
  ['Error: OCI runtime error: unable to start container "f293": runc: runc create failed: unable to start container process: error during container init: error setting cgroup config for procHooks process: unable to set memory limit to 1024 (current usage: 2707456, peak usage: 3002368)', 'bad-option'],
  ['Error: unable to start container "cb9e": runc: runc create failed: unable to start container process: error during container init: error setting rlimits for ready process: error setting rlimit type 7: operation not permitted: OCI permission denied', 'no-limits'],
  ['something that nobody has heard yet', 'unknown'],
])('%s', (stderr, why) => {
  expect(classifyFailure(stderr)).toBe(why);
});
