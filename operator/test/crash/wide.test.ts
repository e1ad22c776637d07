import { beforeAll, describe, expect, it } from 'vitest';
import { type Fault, type Outcome, runCase } from '../support/case.ts';
import { useSimulatedStage } from '../support/case-stage.ts';
import { expectSameEnd } from '../support/judge.ts';
import { wide } from '../support/wide.ts';
import { faultTo, KINDS_OF_FAULT, type KindOfFault } from './faults.ts';
import { record } from './record.ts';

/** The writes that the diamond has none of, once each; how many more of a sort there are depends on how fast pods end. */
const SORTS = [
  { method: 'PATCH', resource: 'workflowruns' },
  { method: 'POST', resource: 'runjournals' },
  { method: 'DELETE', resource: 'pods' },
];

const stage = useSimulatedStage('ado-crash');
let reference: Outcome;

beforeAll(async () => {
  reference = await runCase(stage(), wide);
  record('pages-of-a-fan-out', reference);
});

const toEverySort = (kind: KindOfFault): Fault[] =>
  SORTS.map(({ method, resource }) =>
    faultTo(kind, `${method} ${resource}`, (met) => met.method === method && met.resource === resource),
  );

describe('a run with pages of history whose pods are deleted', () => {
  it('ends well without faults', () => {
    expect(reference.problems).toEqual([]);
    expect(reference.end).toMatchObject({ phase: 'Succeeded', pods: [] });
    expect(Object.values(reference.creates)).toEqual(Array.from({ length: 13 }, () => 1));
    expect(reference.objects.journals.length).toBeGreaterThan(0);
  });

  it.concurrent.each(KINDS_OF_FAULT)('ends the same when a write of a sort meets: $name', async (kind) => {
    await expectSameEnd(stage(), wide, reference, toEverySort(kind));
  });
});
