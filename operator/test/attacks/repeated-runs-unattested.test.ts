/**
 * Who: a user who may create WorkflowRuns and answer signals, where there is no admission webhook: whatever a run says of
 * who asked for it, they have written.
 * What they try: to have an earlier approval stand for a run of their own, in the name of whoever asked for the first.
 * What must be: nobody is known, so people are asked again.
 */
import { describe, expect } from 'vitest';
import { APPROVE } from '../support/approval.ts';
import { it, useOperator } from '../support/e2e.ts';
import { script, workflow, workflowRun } from '../support/manifests.ts';
import { givenStaff, Person, signalWaits } from '../support/people.ts';
import { phasesOf } from '../support/scenario.ts';

useOperator();

describe('an approval of an earlier run, where nobody vouches for who asks', () => {
  it('is asked for again, whatever name the new run is given', async ({ scenario }) => {
    await givenStaff(scenario);
    const requester = { username: 'ada' };
    const run = (name: string, more: object = {}) => {
      const made = workflowRun(name, 'gated');
      return { ...made, spec: { ...(made.spec as object), requester, ...more } };
    };
    await scenario.given(
      workflow('gated', {
        tasks: [
          { name: 'approve', approval: { message: 'Go?', allowUnattested: true } },
          script('go', 'exit 1', { needs: ['approve'] }),
        ],
      }),
      run('first'),
    );
    await signalWaits(scenario, 'first-approve');
    await new Person(scenario, 'bob').respond('first-approve', APPROVE as { decision: 'Approve' });
    await scenario.ended('first');
    const mallory = new Person(scenario, 'mallory');
    await mallory.kubectl(['create', '-f', '-'], run('again', { from: { run: 'first', mode: 'Retry' } }));
    await signalWaits(scenario, 'again-approve');
    const again = await scenario.run('again');
    expect(phasesOf(again)).toMatchObject({ go: 'Pending' });
    expect(again.status?.origin?.repeated).toContain('it is not proven that the same person requested both runs');
    await scenario.kubectl(['patch', 'awr', 'again', '--type=merge', '-p', '{"spec":{"desiredState":"Terminated"}}']);
    await scenario.ended('again');
  });
});
