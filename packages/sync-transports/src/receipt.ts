import type { ReceiptChain } from './chain/receipt-chain.ts';
import type { LeftOut } from './source-filter.ts';

/** `.longhaul/longhaul.json` inside a published result: who made it, from what, proven how (design §5.2, §6). */
export interface Receipt {
  readonly schemaVersion: 1;
  readonly sealId: string;
  readonly sealDigest: string;
  readonly generation: number;
  readonly jobId: string;
  readonly epoch: number;
  /** Identity of the state directory that published: conflict is decided by it. */
  readonly hostId: string;
  /** Host name, for people. */
  readonly host: string;
  /** Display form of the source path. */
  readonly source: string;
  /** Stable identity of the source: hostId and real path; another source's result is never overwritten. */
  readonly sourceId: string;
  readonly publishedAt: string;
  readonly totals: { readonly files: number; readonly directories: number; readonly symlinks: number; readonly bytes: number };
  readonly verified: { readonly at: string; readonly strength: 'sha256' | 'download' | 'size' };
  /** Which run made the data; null for a push by hand. */
  readonly run: ReceiptRun | null;
  /** What of the source is not here because rules left it out; absent or null: there were no rules, this is the whole. */
  readonly leftOut?: LeftOut | null;
  /** Its place in the chain of the destination; the transport fills it in when it publishes. Absent where no chain is kept. */
  readonly chain?: ReceiptChain;
}

export interface ReceiptRun {
  readonly session: string;
  readonly runId: string;
  readonly command: readonly string[];
  readonly host: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
}
