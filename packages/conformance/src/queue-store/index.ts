import { describe } from 'vitest';
import { describeClaim } from './claim-suite.ts';
import { describeDestinations } from './destinations-suite.ts';
import { describeEnqueue } from './enqueue-suite.ts';
import { describeLease } from './lease-suite.ts';
import { describeQueries } from './queries-suite.ts';
import { describeRandomWalk } from './random-walk-suite.ts';
import { describeReclaim } from './reclaim-suite.ts';
import { describeRecover } from './recover-suite.ts';
import { describeRequests } from './requests-suite.ts';
import { describeRetention } from './retention-suite.ts';
import { describeSettle } from './settle-suite.ts';
import type { QueueStoreSubject } from './subject.ts';
import { describeVerifyPasses } from './verify-pass-suite.ts';

export type { QueueStoreSubject, QueueStoreWorld } from './subject.ts';

/** What every QueueStore must do (design §5.5), whatever it stores in. Call it in a test file. */
export function queueStoreConformance(subject: QueueStoreSubject): void {
  describe(`${subject.name} as QueueStore`, () => {
    describeEnqueue(subject);
    describeClaim(subject);
    describeLease(subject);
    describeSettle(subject);
    describeRequests(subject);
    describeRecover(subject);
    describeReclaim(subject);
    describeDestinations(subject);
    describeQueries(subject);
    describeVerifyPasses(subject);
    describeRetention(subject);
    describeRandomWalk(subject);
  });
}
