import type { RawPath } from '@longhaul/sync-transports';
import { LocalTransport } from '@longhaul/sync-transports';
import { tempDir } from '@longhaul/testbed';
import type { TransportSubject } from '../src/transport/index.ts';
import { folderHands, transportConformance } from '../src/transport/index.ts';

class Killed extends Error {}

const local: TransportSubject = {
  name: 'LocalTransport',
  crashes: 'each-step',
  receipts: 'chained',
  fetches: 'whole results',
  create: async () => {
    const dir = await tempDir();
    const opened: LocalTransport[] = [];
    const open = (options: Partial<ConstructorParameters<typeof LocalTransport>[0]> = {}): LocalTransport => {
      const transport = new LocalTransport({ path: dir.path, ...options });
      opened.push(transport);
      return transport;
    };
    return {
      connect: async () => Promise.resolve(open()),
      destination: folderHands(dir.path),
      publishUntil: async (last, request) => {
        const afterPublishStep = (step: string): void => {
          if (step === last) throw new Killed();
        };
        await open({ afterPublishStep }).publish(request).then(() => undefined, (error: unknown) => {
          if (!(error instanceof Killed)) throw error;
        });
      },
      [Symbol.asyncDispose]: async () => {
        await Promise.all(opened.map(async (transport) => transport[Symbol.asyncDispose]()));
        // Non-UTF-8 names: Node's own recursive rm does not know them.
        await folderHands(dir.path).remove('' as RawPath);
      },
    };
  },
};

transportConformance(local);
