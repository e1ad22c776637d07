import { beforeAll, describe, expect, it } from 'vitest';
import { type Fault, type Outcome, runCase } from '../support/case.ts';
import { useSimulatedStage } from '../support/case-stage.ts';
import { chain } from '../support/chain.ts';
import type { ProxiedRequest } from '../support/fault-proxy.ts';
import { expectSameEnd } from '../support/judge.ts';
import { CUT, faultTo, KILLED_AFTER, KILLED_BEFORE, type KindOfFault, UNANSWERED } from './faults.ts';
import { record } from './record.ts';

const stage = useSimulatedStage('ado-crash');
let reference: Outcome;

beforeAll(async () => {
  reference = await runCase(stage(), chain);
  record('loop-that-goes-on-in-another-run', reference, 'flow-c1');
});

const isWrite = ({ method, resource, path, body }: ProxiedRequest, of: string, name: string, text: RegExp): boolean =>
  method !== 'GET' &&
  resource === of &&
  new RegExp(`/workflowruns(/${name})?(/status)?(\\?|$)`).test(path) &&
  text.test(body.toString());

/** The writes by which one run hands over to the next, in their order. */
const SEAM: readonly (readonly [what: string, of: string, ofNext: boolean, text: RegExp])[] = [
  ['that it goes on', 'workflowruns/status', false, /\[\\"H\\",/],
  ['the next run', 'workflowruns', true, /"continues":\{/],
  ['its end', 'workflowruns/status', false, /"next":"/],
  ['the beginning of the next', 'workflowruns/status', true, /\[\\"A\\",/],
];

/** A fault to each of these writes: where the loop goes on, and where the whole begins anew. */
const toEverySeam = (kind: KindOfFault): Fault[] =>
  [
    ['flow', 'flow-c1'],
    ['flow-c1', 'flow-c2'],
  ].flatMap(([run = '', next = '']) =>
    SEAM.map(([what, of, ofNext, text]) => {
      const name = ofNext ? next : run;
      const isThis = (request: ProxiedRequest) =>
        isWrite(request, of, name, text) && (of !== 'workflowruns' || request.body.toString().includes(`"${next}"`));
      return faultTo(kind, `${what}, from ${run} to ${next}`, isThis);
    }),
  );

describe('a chain of runs', () => {
  it('ends as it should without faults', () => {
    expect(reference.problems).toEqual([]);
    expect(reference.end).toMatchObject({ runs: 4, phase: 'Succeeded' });
    expect(reference.end.tasks).toMatchObject({ count: { outputs: { n: 130, sum: 8385 } } });
    expect(reference.creates).toEqual({ 'last#0': 2 });
    expect(reference.objects.runs.map(({ metadata }) => metadata.name)).toEqual([
      'flow',
      'flow-c1',
      'flow-c2',
      'flow-c3',
    ]);
  });

  it.concurrent.each([KILLED_BEFORE, KILLED_AFTER, UNANSWERED, CUT])(
    'ends the same when any write of a hand-over meets: $name',
    async (kind) => {
      await expectSameEnd(stage(), chain, reference, toEverySeam(kind));
    },
  );
});
