import { describe } from 'vitest';
import { describeChain } from './describe-chain.ts';
import { describeCrash } from './describe-crash.ts';
import { describeDelivery } from './describe-delivery.ts';
import { describeFencing } from './describe-fencing.ts';
import { describeFetch } from './describe-fetch.ts';
import { describeOthers } from './describe-others.ts';
import { describePublish } from './describe-publish.ts';
import { describeResume } from './describe-resume.ts';
import { describeVerification } from './describe-verification.ts';
import type { TransportSubject } from './subject.ts';

export { folderHands } from './folder-hands.ts';
export type { DestinationHands, DestinationStat, TransportSubject, TransportTraits, TransportWorld } from './subject.ts';

/** What every Transport must do (design §5.2, PROTOCOL.md of sync-transports), whatever carries it. Call it in a test file. */
export function transportConformance(subject: TransportSubject, parts: readonly TransportPart[] = PARTS): void {
  describe(`${subject.name} as Transport`, () => {
    for (const part of parts) DESCRIBE[part](subject);
  });
}

/** A part of the suite: for a further remote of a transport that has passed the whole elsewhere. */
export type TransportPart = 'delivery' | 'verification' | 'resume' | 'publish' | 'others' | 'fencing' | 'crash' | 'chain' | 'fetch';

const DESCRIBE: Readonly<Record<TransportPart, (subject: TransportSubject) => void>> = {
  delivery: describeDelivery,
  verification: describeVerification,
  resume: describeResume,
  publish: describePublish,
  others: describeOthers,
  fencing: describeFencing,
  crash: describeCrash,
  chain: describeChain,
  fetch: describeFetch,
};

const PARTS = Object.keys(DESCRIBE) as readonly TransportPart[];
