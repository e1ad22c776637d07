/** Everything that is done to a write, to each of them in turn. */
import type { Rule } from '../support/fault-proxy.ts';
import {
  answerWith,
  conflict,
  cutAfter,
  invalid,
  killAfter,
  killBefore,
  lateEvents,
  swallowAnswer,
  testFailed,
} from '../support/faults.ts';

export interface KindOfFault {
  readonly name: string;
  readonly rule: (kill: () => void) => Rule;
  /** What else goes on all the time. */
  readonly meanwhile?: Rule;
  /** Further flags of the operator. */
  readonly flags?: readonly string[];
  /** Whether a killed operator comes back as the same replica; if not, it waits for the lease of the dead one. */
  readonly keepsIdentity?: boolean;
}

export const KILLED_BEFORE: KindOfFault = { name: 'killed before', rule: killBefore };
export const KILLED_AFTER: KindOfFault = { name: 'killed after', rule: killAfter, keepsIdentity: false };
export const CONFLICT: KindOfFault = { name: '409', rule: () => answerWith(conflict) };
export const TEST_FAILED: KindOfFault = { name: '422 of a failed test', rule: () => answerWith(testFailed) };
export const INVALID: KindOfFault = { name: '422 of an invalid object', rule: () => answerWith(invalid) };
export const UNANSWERED: KindOfFault = {
  name: 'no answer',
  rule: () => swallowAnswer,
  flags: ['--request-timeout', '1500ms'],
};

export const CUT: KindOfFault = {
  name: 'a cut connection and an old cache',
  rule: () => cutAfter,
  meanwhile: lateEvents(250),
};

export const KINDS_OF_FAULT: readonly KindOfFault[] = [
  KILLED_BEFORE,
  KILLED_AFTER,
  CONFLICT,
  TEST_FAILED,
  INVALID,
  UNANSWERED,
  CUT,
];
