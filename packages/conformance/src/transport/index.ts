import { describe } from 'vitest';
import { describeChain } from './describe-chain.ts';
import { describeCrash } from './describe-crash.ts';
import { describeDelivery } from './describe-delivery.ts';
import { describeFencing } from './describe-fencing.ts';
import { describePublish } from './describe-publish.ts';
import { describeResume } from './describe-resume.ts';
import { describeVerification } from './describe-verification.ts';
import type { TransportSubject } from './subject.ts';

export { folderHands } from './folder-hands.ts';
export type { DestinationHands, DestinationStat, TransportSubject, TransportWorld } from './subject.ts';

/** What every Transport must do (design §5.2, PROTOCOL.md of sync-transports), whatever carries it. Call it in a test file. */
export function transportConformance(subject: TransportSubject): void {
  describe(`${subject.name} as Transport`, () => {
    describeDelivery(subject);
    describeVerification(subject);
    describeResume(subject);
    describePublish(subject);
    describeFencing(subject);
    describeCrash(subject);
    describeChain(subject);
  });
}
