import type { RawPath } from '@longhaul/sync-transports';
import { RcloneTransport } from '@longhaul/sync-transports';
import { remoteOf, requireService, startFtpServer, startRcloneServer, tempDir, writeRcloneConfig } from '@longhaul/testbed';
import type { RcloneRemote } from '@longhaul/testbed';
import { describe, vi } from 'vitest';
import type { TransportSubject, TransportTraits } from '../src/transport/index.ts';
import { folderHands, transportConformance } from '../src/transport/index.ts';

// Each call is a start of rclone: on a machine that is busy, minutes.
vi.setConfig({ testTimeout: 240_000 });

interface Remote extends AsyncDisposable {
  readonly remote: RcloneRemote;
}

/** The destination is a folder of this machine, reached through a remote of rclone's. */
function subject(name: string, { traits, reach, crashes = 'none' }: { readonly traits: Partial<TransportTraits>; readonly reach: (folder: string) => Promise<Remote>; readonly crashes?: TransportSubject['crashes'] }): TransportSubject {
  return {
    name,
    crashes,
    traits: { names: 'text', keeps: 'content', generations: 'whole', partials: 'in-tree', ...traits },
    create: async () => {
      const dir = await tempDir();
      const folder = dir.join('there');
      await folderHands(dir.path).makeFolder('there' as RawPath);
      const reached = await reach(folder);
      const configFile = dir.join('rclone.conf');
      await writeRcloneConfig(configFile, { lab: reached.remote });
      return {
        connect: async () => Promise.resolve(new RcloneTransport({ remote: 'lab:', configFile })),
        destination: folderHands(folder),
        [Symbol.asyncDispose]: async () => {
          await reached[Symbol.asyncDispose]();
          await dir[Symbol.asyncDispose]();
        },
      };
    },
  };
}

describe.runIf(requireService('rclone'))('over a folder of this machine, which has hashes of its own', () => {
  const reach = async (remote: string): Promise<Remote> => Promise.resolve({ remote: { type: 'alias', remote }, [Symbol.asyncDispose]: async () => Promise.resolve() });
  transportConformance(subject('RcloneTransport', { traits: {}, reach }), ['delivery', 'publish', 'others', 'fencing']);
});

describe.runIf(requireService('rclone'))('over WebDAV, which has neither hashes nor times', () => {
  const reach = async (folder: string): Promise<Remote> => {
    const server = await startRcloneServer({ protocol: 'webdav', folder });
    return { remote: remoteOf('webdav', server), [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose]() };
  };
  transportConformance(subject('RcloneTransport', { traits: { strength: 'download', times: 'lost', space: 'unknown' }, reach }), ['verification']);
});

describe.runIf(requireService('rclone', 'ftp'))('over FTP, which has no hashes and keeps times to the second', () => {
  transportConformance(subject('RcloneTransport', { traits: { strength: 'download', space: 'unknown', names: 'lines' }, reach: async (folder) => startFtpServer({ folder }) }), ['verification']);
});
