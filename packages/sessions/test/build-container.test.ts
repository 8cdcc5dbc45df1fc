import { SessionConfigError } from '@longhaul/errors';
import { describe, expect, it } from 'vitest';

import type { Caller, ContainerRequest, SessionSpec, StartRequest } from '../src/index.ts';
import { buildSessionSpec, NO_RESTART, parseReadyCheck } from '../src/index.ts';

const caller: Caller = { env: { PATH: '/bin', TOKEN: 'the-secret' }, cwd: '/data/project', umask: 0o022 };

function build(request: Partial<StartRequest>): SessionSpec {
  return buildSessionSpec({ name: 'bot', command: ['x'], ...request }, caller).spec;
}

function container(more: ContainerRequest = {}): NonNullable<SessionSpec['container']> {
  const built = build({ backend: 'container', container: { image: 'bot:1.4', ...more } }).container;
  if (built === null) throw new Error('no container');
  return built;
}

describe('a container', () => {
  it('has a default for all that nobody says, and the names of its own variables alone', () => {
    const { container: built, env } = build({ backend: 'container', container: { image: 'bot:1.4' }, env: { A: '1', TOKEN: null } });
    expect(built).toEqual({ image: 'bot:1.4', runtime: null, pull: 'missing', volumes: [], ports: [], logVolume: null, workingDir: null, terminal: 'no', init: 'auto', memoryBytes: null, cpus: null, network: null, envNames: ['A', 'TOKEN'] });
    expect(env).toEqual([{ name: 'A', value: '1' }, { name: 'TOKEN', value: 'the-secret' }]);
  });

  it('may leave the command to its image', () => {
    expect(build({ backend: 'container', container: { image: 'bot' }, command: [] }).command).toEqual([]);
    expect(() => build({ command: [] })).toThrow(/command is empty/);
  });

  it.each([
    ['./my data:/data', { source: '/data/project/my data', target: '/data', mode: 'rw' }],
    ['sub/dir:/x:ro', { source: '/data/project/sub/dir', target: '/x', mode: 'ro' }],
    ['.:/x', { source: '/data/project', target: '/x', mode: 'rw' }],
    ['/abs:/x:rw', { source: '/abs', target: '/x', mode: 'rw' }],
    ['cache_1.0:/x', { source: 'cache_1.0', target: '/x', mode: 'rw' }],
  ])('mounts %s', (text, mount) => {
    expect(container({ volumes: [text] }).volumes).toEqual([mount]);
  });

  it.each([
    ['8080:80', { hostAddress: '127.0.0.1', hostPort: 8080, containerPort: 80, protocol: 'tcp' }],
    ['0.0.0.0:53:5353/udp', { hostAddress: '0.0.0.0', hostPort: 53, containerPort: 5353, protocol: 'udp' }],
    ['[::1]:1:2/tcp', { hostAddress: '::1', hostPort: 1, containerPort: 2, protocol: 'tcp' }],
  ])('answers at %s', (text, port) => {
    expect(container({ ports: [text] }).ports).toEqual([port]);
  });

  it.each([['512m', 512 * 2 ** 20], ['2g', 2 ** 31], ['1.5GiB', 1.5 * 2 ** 30], ['512MB', 512e6], ['1024', 1024], ['64 KiB', 65_536], ['1k', 1024]])('takes %s for a size', (memory, bytes) => {
    expect(container({ memory }).memoryBytes).toBe(bytes);
  });

  it.each<[ContainerRequest, RegExp]>([
    [{ volumes: ['data'] }, /"data" does not name/],
    [{ volumes: ['a:b'] }, /absolute path in the container/],
    [{ volumes: ['/a:/'] }, /below \//],
    [{ volumes: ['/a:/b:rx'] }, /neither ro nor rw/],
    [{ volumes: ['/a:/b:ro:z'] }, /does not name/],
    [{ volumes: ['-x:/b'] }, /neither a folder/],
    [{ volumes: ['/a:/b', '/c:/b'] }, /two volumes are to be seen at "\/b"/],
    [{ ports: ['80'] }, /is not a mapping/],
    [{ ports: ['0:80'] }, /between 1 and 65535/],
    [{ ports: ['70000:80'] }, /between 1 and 65535/],
    [{ ports: ['300.0.0.1:80:80'] }, /address that is none/],
    [{ ports: ['80:1', '80:2'] }, /two ports of the container/],
    [{ ports: ['80-90:80-90'] }, /is not a mapping/],
    [{ memory: 'lots' }, /not a size/],
    [{ memory: '0' }, /not a size/],
    [{ cpus: '-1' }, /processor limit/],
    [{ cpus: '0' }, /processor limit/],
    [{ image: '-it' }, /the image "-it"/],
    [{ image: 'a b' }, /the image "a b"/],
    [{ network: '--x' }, /the network/],
    [{ logVolume: 'logs' }, /the log volume "logs" is not a path/],
    [{ workingDir: 'app' }, /working directory "app"/],
  ])('%j is refused, and the hint says how it is written', (more, message) => {
    const refused = (): unknown => container(more);
    expect(refused).toThrow(SessionConfigError);
    expect(refused).toThrow(expect.objectContaining({ message: expect.stringMatching(message) as string, hint: expect.stringMatching(/\w/) as string }));
  });

  it('needs an image, and tmux has no use for one', () => {
    expect(() => build({ backend: 'container' })).toThrow(/names no image/);
    expect(() => build({ container: { image: 'x', ports: ['1:1'], volumes: [] } })).toThrow(/no use for image, ports/);
  });
});

describe('a restart policy', () => {
  it.each([
    ['no', { mode: 'no', maxRestarts: null }],
    ['always', { mode: 'always', maxRestarts: null }],
    ['on-failure', { mode: 'on-failure', maxRestarts: null }],
    ['on-failure:3', { mode: 'on-failure', maxRestarts: 3 }],
    ['on-failure:0', { mode: 'on-failure', maxRestarts: 0 }],
  ])('%s is read', (when, policy) => {
    expect(build({ restart: { when } }).restart).toEqual({ ...NO_RESTART, ...policy });
  });

  it('has a longest delay that is never below the first', () => {
    expect(build({ restart: { when: 'always', delayMs: 900_000 } }).restart).toMatchObject({ delayMs: 900_000, maxDelayMs: 900_000 });
    expect(build({ restart: { when: 'always', delayMs: 900, maxDelayMs: 500, resetMs: 10 } }).restart).toMatchObject({ delayMs: 900, maxDelayMs: 900, resetMs: 10 });
  });

  it.each([{ when: 'sometimes' }, { when: 'always:3' }, { when: 'on-failure:' }, { when: 'always', delayMs: 1 }, { when: 'always', delayMs: 1e12 }, { when: 'always', resetMs: 1.5 }])('%j is refused', (restart) => {
    expect(() => build({ restart })).toThrow(SessionConfigError);
  });
});

describe('a readiness check', () => {
  it.each([
    ['log:listening on \\d+', { kind: 'log', pattern: 'listening on \\d+' }],
    ['tcp:8080', { kind: 'tcp', host: 'localhost', port: 8080 }],
    ['tcp:db:5432', { kind: 'tcp', host: 'db', port: 5432 }],
    ['tcp:[::1]:80', { kind: 'tcp', host: '::1', port: 80 }],
    ['http://localhost:8080/health', { kind: 'http', url: 'http://localhost:8080/health' }],
    ['command:test -e ready && true', { kind: 'command', argv: ['sh', '-c', 'test -e ready && true'] }],
  ])('%s is read', (text, check) => {
    expect(parseReadyCheck(text)).toEqual(check);
  });

  it.each(['', 'log:', 'log:(', 'tcp:', 'tcp:0', 'tcp:99999', 'tcp:a b:80', 'ftp://x', 'http://', 'command:', 'ready'])('%j is refused', (text) => {
    expect(() => parseReadyCheck(text)).toThrow(SessionConfigError);
  });

  it('of a request is looked at too', () => {
    expect(() => build({ ready: { kind: 'log', pattern: '[' } })).toThrow(/readiness check cannot be used/);
    expect(build({ ready: { kind: 'http', url: 'https://x/' } }).ready).toEqual({ kind: 'http', url: 'https://x/' });
  });
});
