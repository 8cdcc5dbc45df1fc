import type { RawPath } from '@longhaul/sync-transports';
import { RsyncSshTransport } from '@longhaul/sync-transports';
import type { Sshd } from '@longhaul/testbed';
import { busyboxPath, requireService, startSshd, tempDir } from '@longhaul/testbed';
import { afterAll, beforeAll, describe } from 'vitest';
import type { TransportSubject } from '../src/transport/index.ts';
import { folderHands, transportConformance } from '../src/transport/index.ts';

interface Server {
  readonly sshd: Sshd;
}

/** The destination is a folder of this machine, reached by ssh all the same. */
function subject(server: Server, crashes: TransportSubject['crashes']): TransportSubject {
  return {
    name: 'RsyncSshTransport',
    crashes,
    receipts: 'chained',
    fetches: 'whole results',
    create: async () => {
      const { sshd } = server;
      const dir = await tempDir();
      const opened: RsyncSshTransport[] = [];
      const open = (scriptPrelude = ''): RsyncSshTransport => {
        const { target, port, clientKey: sshKey, knownHosts } = sshd;
        const transport = new RsyncSshTransport({ target, port, sshKey, knownHosts, path: dir.path, scriptPrelude: () => scriptPrelude });
        opened.push(transport);
        return transport;
      };
      return {
        connect: async () => Promise.resolve(open()),
        destination: folderHands(dir.path),
        publishUntil: async (last, request) => {
          const killed = await open(`reached() { if [ "$1" = '${last}' ]; then sh -c "kill -9 $$ \\$PPID"; fi; }\n`).publish(request).then(() => false, () => true);
          if (!killed) throw new Error(`publish was not killed after ${last}`);
        },
        [Symbol.asyncDispose]: async () => {
          await Promise.all(opened.map(async (transport) => transport[Symbol.asyncDispose]()));
          // Non-UTF-8 names: Node's own recursive rm does not know them.
          await folderHands(dir.path).remove('' as RawPath);
        },
      };
    },
  };
}

describe.runIf(requireService('sshd', 'rsync'))('over a real sshd', () => {
  const server = {} as { sshd: Sshd };
  beforeAll(async () => {
    server.sshd = await startSshd();
  });
  afterAll(async () => server.sshd[Symbol.asyncDispose]());
  transportConformance(subject(server, 'each-step'));
});

describe.runIf(requireService('sshd', 'rsync', 'busybox'))('to a machine that has BusyBox and rsync only', () => {
  const server = {} as { sshd: Sshd; tools: Awaited<ReturnType<typeof busyboxPath>> };
  beforeAll(async () => {
    server.tools = await busyboxPath({ also: ['rsync'] });
    // Root's own shell would put its folders in front of PATH again.
    server.sshd = await startSshd({ config: [`ForceCommand PATH=${server.tools.path} exec ${server.tools.path}/sh -c "$SSH_ORIGINAL_COMMAND"`] });
  });
  afterAll(async () => {
    await server.sshd[Symbol.asyncDispose]();
    await server.tools[Symbol.asyncDispose]();
  });
  // The steps of publish are the same script; what differs is its programs.
  transportConformance(subject(server, 'none'));
});
