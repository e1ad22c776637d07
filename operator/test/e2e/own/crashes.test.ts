/** Crashes and refused writes as in test/crash, with a kubelet and real containers: those of the project's cluster. */
import { describe, it } from 'vitest';
import { CONFLICT, faultTo, KILLED_AFTER, KILLED_BEFORE, UNANSWERED } from '../../crash/faults.ts';
import type { Fault } from '../../support/case.ts';
import { useRealStage } from '../../support/case-stage.ts';
import { DIAMOND_END, diamond } from '../../support/diamond.ts';
import { expectSameEnd } from '../../support/judge.ts';
import { sampleOf } from '../../support/tier.ts';

/** One of each sort that a simulated node could hide: what a real one does meanwhile takes its own time. */
const FAULTS: readonly Fault[] = [
  faultTo(KILLED_BEFORE, 'the second pod of a pass', ({ attempt }) => attempt === 'c#0'),
  faultTo(KILLED_AFTER, 'the pod of a retry', ({ attempt }) => attempt === 'b#1'),
  faultTo(KILLED_BEFORE, 'the status of the first start', ({ resource }) => resource === 'workflowruns/status'),
  faultTo(CONFLICT, 'letting go of a pod', ({ method, resource }) => method === 'PATCH' && resource === 'pods'),
  faultTo(
    UNANSWERED,
    'the status of the end',
    ({ resource, body }) => resource === 'workflowruns/status' && body.includes('"progress":"4/4"'),
  ),
];

const stage = useRealStage();

describe('a diamond with a retry in real containers', () => {
  it.concurrent.each(sampleOf(FAULTS, FAULTS.length))('ends the same in spite of: $name', async (fault) => {
    await expectSameEnd(stage(), diamond, DIAMOND_END, [fault]);
  });
});
