import { beforeAll, describe, expect, it } from 'vitest';
import { type Fault, type Outcome, runCase } from './case.ts';
import { KINDS_OF_FAULT, type KindOfFault } from './faults.ts';
import { expectSameEnd } from './judge.ts';
import { record } from './record.ts';
import { useSimulatedStage } from './stage.ts';
import { wide } from './wide.ts';

/** The writes that the diamond has none of, once each; how many more of a sort there are depends on how fast pods end. */
const SORTS = [
  { method: 'PATCH', resource: 'workflowruns' },
  { method: 'POST', resource: 'runjournals' },
  { method: 'DELETE', resource: 'pods' },
];

const stage = useSimulatedStage();
let reference: Outcome;

beforeAll(async () => {
  reference = await runCase(stage(), wide);
  record('pages-of-a-fan-out', reference);
});

const toEverySort = (kind: KindOfFault): Fault[] =>
  SORTS.map(({ method, resource }) => ({
    kind,
    to: `${method} ${resource}`,
    matches: (request) => request.method === method && request.resource === resource,
  }));

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
