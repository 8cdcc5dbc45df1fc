import { afterEach, beforeEach, describe } from 'vitest';

import { describeEnd } from './describe-end.ts';
import { describeLogs } from './describe-logs.ts';
import { describeNames } from './describe-names.ts';
import { describeReady } from './describe-ready.ts';
import { describeRestart } from './describe-restart.ts';
import { describeStart } from './describe-start.ts';
import { describeStop } from './describe-stop.ts';
import { describeTerminal } from './describe-terminal.ts';
import type { SessionBackendSubject, SessionBackendSuite } from './session-backend-subject.ts';
import { SessionBench } from './session-bench.ts';

/** What a part of the suite is given: the subject of the running test. */
export interface SuiteContext {
  readonly bench: () => SessionBench;
  readonly subject: () => SessionBackendSubject;
}

/**
 * The behaviour that every SessionBackend owes its users (design §4), told with real jobs. Run it in a vitest file:
 * `describeSessionBackend({ name: 'tmux', terminal: 'yes', create })`.
 */
export function describeSessionBackend({ name, create, terminal, features = { restart: 'yes' } }: SessionBackendSuite): void {
  describe(`the session backend ${name}`, () => {
    let subject: SessionBackendSubject | undefined;
    beforeEach(async () => {
      subject = await create();
    });
    afterEach(async () => {
      await subject?.[Symbol.asyncDispose]();
      subject = undefined;
    });
    const current = (): SessionBackendSubject => {
      if (subject === undefined) throw new Error('there is no subject outside a test');
      return subject;
    };
    const context: SuiteContext = { subject: current, bench: () => new SessionBench(current()) };
    describeStart(context);
    describeEnd(context);
    describeLogs(context);
    describeStop(context);
    describeNames(context);
    describeTerminal(context, terminal);
    describeRestart(context, features);
    describeReady(context);
  });
}
