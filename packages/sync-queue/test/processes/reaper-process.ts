import { JournalFolder, Reaper, SqliteQueueStore } from '@longhaul/sync-queue';
import { createSealer, LocalTransport, SealArchive } from '@longhaul/sync-transports';
import { procOwners } from './proc-owners.ts';

// A process that reclaims one source and kills itself at a step. Arguments: folder of the bench, clock ahead by (ms), source id, step, how many times it comes by.
const [root = '', ahead = '0', sourceId = '', step = '', times = '1'] = process.argv.slice(2);

const now = (): number => Date.now() + Number(ahead);
const store = await SqliteQueueStore.open({ path: `${root}/queue.db`, now });
const transport = new LocalTransport({ path: `${root}/nas` });
let passed = 0;
const reaper = new Reaper({
  store,
  sealer: createSealer({ stateDir: root }),
  seals: new SealArchive({ directory: `${root}/seals` }),
  destinations: async () => Promise.resolve({ transport }),
  owners: procOwners(),
  endProcess: () => Promise.resolve(),
  hostId: 'host-1',
  hostName: 'alpha',
  reclaim: { reclaim: 'on', when: 'always', diskFreeBelow: null, minVerifyPasses: 2, minAgeMs: 0, metadata: 'keep', occasionMs: 1 },
  journals: new JournalFolder({ directory: `${root}/journals` }),
  timing: { batch: 2 },
  afterStep: (reached) => {
    if (reached === step && (passed += 1) === Number(times)) process.kill(process.pid, 'SIGKILL');
  },
});
const result = await reaper.reclaim({ sourceId, askedBy: 'reaper' });
console.log(JSON.stringify(result));
process.exit(0);
