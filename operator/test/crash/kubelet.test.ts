import { describe, it } from 'vitest';
import type { Fault } from './case.ts';
import { DIAMOND_END, diamond } from './diamond.ts';
import { CONFLICT, KILLED_AFTER, KILLED_BEFORE, UNANSWERED } from './faults.ts';
import { expectSameEnd } from './judge.ts';
import { useRealStage } from './stage.ts';

/** One of each sort that a simulated node could hide: what a real one does meanwhile takes its own time. */
const FAULTS: readonly Fault[] = [
  {
    kind: KILLED_BEFORE,
    to: 'the second pod of a pass',
    matches: ({ attempt }) => attempt === 'c#0',
  },
  {
    kind: KILLED_AFTER,
    to: 'the pod of a retry',
    matches: ({ attempt }) => attempt === 'b#1',
  },
  {
    kind: KILLED_BEFORE,
    to: 'the status of the first start',
    matches: ({ resource }) => resource === 'workflowruns/status',
  },
  {
    kind: CONFLICT,
    to: 'letting go of a pod',
    matches: ({ method, resource }) => method === 'PATCH' && resource === 'pods',
  },
  {
    kind: UNANSWERED,
    to: 'the status of the end',
    matches: ({ resource, body }) => resource === 'workflowruns/status' && body.includes('"progress":"4/4"'),
  },
];

const stage = useRealStage();

describe('a diamond with a retry in real containers', () => {
  it.concurrent.each(FAULTS)('ends the same when $to meets: $kind.name', async (fault) => {
    await expectSameEnd(stage(), diamond, DIAMOND_END, [fault]);
  });
});
