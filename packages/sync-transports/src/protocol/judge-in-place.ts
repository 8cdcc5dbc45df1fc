import type { PublishOutcome } from '../transport.ts';
import type { Receipt } from '../receipt.ts';

/** What lies at a final name, as readReceipt tells it, and a receipt that cannot be read. */
export type InPlace =
  | { readonly kind: 'none' }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'damaged'; readonly evidence: string }
  | { readonly kind: 'receipt'; readonly receipt: Receipt };

/** What would be published there. */
export interface Newcomer {
  readonly sourceId: string;
  readonly jobId: string;
  readonly sealId: string;
  readonly generation: number;
  /** Whether the job's tree lies in staging; without it a result of the same seal is the one this job published. */
  readonly staging: 'tree' | 'none';
}

/** `proceed`: what is in place (if anything) is an earlier generation of the same source and goes aside. */
export type Judgement = { readonly kind: 'proceed' } | Extract<PublishOutcome, { kind: 'published' | 'conflict' | 'fenced' }>;

/**
 * Whether a result may go to a final name (PROTOCOL.md, "Judge"): nothing is merged, nobody else's result is replaced (design §5.2).
 * Pure; used before the first byte is sent and again under the lock.
 */
export function judgeInPlace(inPlace: InPlace, newcomer: Newcomer): Judgement {
  switch (inPlace.kind) {
    case 'none':
      return { kind: 'proceed' };
    case 'foreign':
      return { kind: 'conflict', holder: null, evidence: 'something without a receipt lies at the final name' };
    case 'damaged':
      return { kind: 'conflict', holder: null, evidence: `the receipt at the final name cannot be read: ${inPlace.evidence}` };
    case 'receipt':
      return judgeReceipt(inPlace.receipt, newcomer);
  }
}

function judgeReceipt(receipt: Receipt, { sourceId, jobId, sealId, generation, staging }: Newcomer): Judgement {
  if (receipt.sourceId !== sourceId) {
    return { kind: 'conflict', holder: receipt, evidence: `the final name holds the result of ${receipt.source} from ${receipt.host}` };
  }
  if (receipt.jobId === jobId && receipt.sealId === sealId && staging === 'none') return { kind: 'published' };
  if (receipt.generation > generation) {
    return { kind: 'fenced', evidence: `generation ${receipt.generation} is in place already; this is generation ${generation}` };
  }
  return { kind: 'proceed' };
}
