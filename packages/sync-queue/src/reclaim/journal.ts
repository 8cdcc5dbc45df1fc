import type { RawPath } from '@longhaul/sync-transports';
import type { Removal } from './files/source-files.ts';

/** What an earlier attempt at the same reclaim has written down. */
export interface JournalPast {
  readonly filesRemoved: number;
  readonly bytesFreed: number;
  /** Intended, and not noted as done: a crash came in between. Those that are gone by now were removed by us. */
  readonly pending: ReadonlySet<RawPath>;
  /** All that was ever intended, whatever became of it. */
  readonly intended: ReadonlySet<RawPath>;
  /** `whole`: nothing can have been deleted that is not in `intended`. `new`: there was no journal. `damaged`: there is one, and lines of it cannot be read. */
  readonly state: 'whole' | 'new' | 'damaged';
}

/** The list of what one reclaim deletes, on the disk before the first file goes (design §5.5). */
export interface ReclaimJournal extends AsyncDisposable {
  readonly past: JournalPast;
  /** Durable when it settles; only then may these be deleted. @throws errors of the file system */
  intend(paths: readonly RawPath[]): Promise<void>;
  /** What became of them. Durable with the next intent. @throws errors of the file system */
  note(removals: readonly Removal[]): Promise<void>;
}

/** Of what the journal is. */
export interface JournalHeader {
  readonly reclaimId: string;
  readonly source: string;
  readonly sealId: string;
  readonly sealDigest: string;
}

/** Where journals are kept: `JournalFolder`. */
export interface JournalShelf {
  /** Made, durably, where there is none of this reclaim; otherwise gone on with. @throws errors of the file system */
  open(header: JournalHeader): Promise<ReclaimJournal>;
}
