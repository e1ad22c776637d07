import { beforeAll, describe, expect, it } from 'vitest';
import { type Fault, type Outcome, runCase } from '../support/case.ts';
import { useSimulatedStage } from '../support/case-stage.ts';
import { controlFlow } from '../support/control-flow.ts';
import { expectSameEnd } from '../support/judge.ts';
import { CONFLICT, faultTo, KILLED_AFTER, KILLED_BEFORE, type KindOfFault, UNANSWERED } from './faults.ts';

/** One of each sort of step: an iteration, an item in a template, an undo, and a task of finally. */
const ATTEMPTS = ['ship/poll/1#0', 'ship/each[1]#0', 'a.undo#0', 'last#0'];
const KINDS: readonly KindOfFault[] = [KILLED_BEFORE, KILLED_AFTER, CONFLICT, UNANSWERED];

const stage = useSimulatedStage('ado-crash');
let reference: Outcome;

beforeAll(async () => {
  reference = await runCase(stage(), controlFlow);
});

const toEveryStep = (kind: KindOfFault): Fault[] =>
  ATTEMPTS.map((wanted) => faultTo(kind, `the start of ${wanted}`, ({ attempt }) => attempt === wanted));

describe('a template with a loop and a fan-out, undo and finally', () => {
  it('end as they should without faults', () => {
    expect(reference.problems).toEqual([]);
    expect(reference.end).toMatchObject({ phase: 'Failed' });
    const once = ['a#0', 'ship/poll/0#0', 'ship/poll/1#0', 'ship/each[0]#0', 'ship/each[1]#0', 'broken#0', 'a.undo#0'];
    expect(reference.creates).toEqual(Object.fromEntries([...once, 'last#0'].map((attempt) => [attempt, 1])));
  });

  it.concurrent.each(KINDS)('ends the same when the start of a step meets: $name', async (kind) => {
    await expectSameEnd(stage(), controlFlow, reference, toEveryStep(kind));
  });
});
