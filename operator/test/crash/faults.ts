/** Everything that is done to a write, to each of them in turn. */
import type { Fault, Outcome } from '../support/case.ts';
import type { ProxiedRequest, Rule } from '../support/fault-proxy.ts';
import {
  answerWith,
  conflict,
  cutAfter,
  invalid,
  killAfter,
  killBefore,
  lateEvents,
  noting,
  once,
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
  readonly judge?: (outcome: Outcome) => readonly string[] | undefined;
}

export const KILLED_BEFORE: KindOfFault = { name: 'killed before', rule: killBefore };
export const KILLED_AFTER: KindOfFault = { name: 'killed after', rule: killAfter, keepsIdentity: false };
export const CONFLICT: KindOfFault = { name: '409', rule: () => answerWith(conflict) };
export const TEST_FAILED: KindOfFault = { name: '422 of a failed test', rule: () => answerWith(testFailed) };
export const INVALID: KindOfFault = {
  name: '422 of an invalid object',
  rule: () => answerWith(invalid),
  judge: (outcome) => (isPodRefused(outcome) ? refusalProblems(outcome) : undefined),
};
export const UNANSWERED: KindOfFault = {
  name: 'no answer',
  rule: () => swallowAnswer,
  flags: ['--request-timeout', '5s'],
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

/** A fault of a kind that happens to the first request that matches, and to no other. */
export function faultTo(kind: KindOfFault, to: string, matches: (request: ProxiedRequest) => boolean): Fault {
  const { name, rule, meanwhile, ...rest } = kind;
  return {
    ...rest,
    name: `${name}, ${to}`,
    rules: ({ kill, met }) => [once(matches, noting(rule(kill), met)), ...(meanwhile ? [meanwhile] : [])],
  };
}

const isPodRefused = ({ faulty }: Outcome): boolean =>
  faulty?.method === 'POST' && faulty.resource === 'pods' && !faulty.path.includes('dryRun');

/** A pod that the server calls invalid will not become valid: its task fails, and with it the run; nothing runs twice. */
function refusalProblems({ end, creates, writes, faulty }: Outcome): string[] {
  const problems = Object.entries(creates).flatMap(([attempt, count]) =>
    count === 1 ? [] : [`${attempt} was created ${count} times`],
  );
  const refused = writes.find(({ write }) => write === faulty?.write)?.attempt ?? '';
  const task = end.tasks[refused.split('#')[0] ?? ''] as { phase?: string; reason?: string } | undefined;
  if (task?.phase !== 'Failed' || task.reason !== 'PodRejected') {
    problems.push(`${refused} should have failed as PodRejected, and is ${JSON.stringify(task)}`);
  }
  if (refused in creates) problems.push(`${refused} was refused and created all the same`);
  if (end.phase !== 'Failed') problems.push(`the run should have failed, and is ${end.phase}`);
  return problems;
}
