import { describe, expect } from 'vitest';
import { it, useOperator } from '../support/e2e.ts';
import { script, workflow, workflowRun } from '../support/manifests.ts';
import { dataSignal, givenStaff, Person, saidOf, signalEnds, signalWaits } from '../support/people.ts';
import { conditionOf, outputsOf } from '../support/scenario.ts';

useOperator();

describe('without the admission webhook', () => {
  it.concurrent('an approval counts where the task says that it may', async ({ scenario }) => {
    await givenStaff(scenario);
    const ada = new Person(scenario, 'ada', ['release']);
    const approval = {
      message: 'Ship ${{ params.version }}?',
      approvers: { groups: ['release'] },
      allowUnattested: true,
    };
    const parameters = [{ name: 'version', default: '1.0' }];
    await scenario.given(
      workflow('ship', {
        parameters,
        tasks: [{ name: 'approve', approval }, script('go', 'true', { needs: ['approve'] })],
      }),
      workflowRun('ship', 'ship'),
    );
    const asked = await signalWaits(scenario, 'ship-approve');
    expect(asked.spec.request).toMatchObject({ message: 'Ship 1.0?', approvals: 1, groups: ['release'] });
    expect(asked.status).toMatchObject({ votes: '0/1', waitingFor: '1 approval by group release' });
    const row = await scenario.taskIs(
      'ship',
      'approve',
      'says how to answer',
      ({ message }) => message?.includes('kubectl') === true,
    );
    expect(row.message).toContain('ship-approve');
    await ada.respond('ship-approve', { decision: 'Approve', comment: 'fine' });
    const run = await scenario.ended('ship');
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'True' });
    expect(outputsOf(run, 'approve')).toEqual({ decision: 'Approve', approvers: ['ada'], comment: 'fine' });
    const ended = await signalEnds(scenario, 'ship-approve');
    expect(ended.status).toMatchObject({ phase: 'Delivered', decision: 'Approve', votes: '1/1', run: 'ship' });
    expect(saidOf(ended)).toMatchObject({ reason: 'Approved' });
  });

  it.concurrent('data that was sent ahead is taken when the task comes to wait for it', async ({ scenario }) => {
    await givenStaff(scenario);
    const ada = new Person(scenario, 'ada');
    const values = [{ name: 'amount', type: 'Integer' as const, minimum: 1 }];
    await ada.send(dataSignal('paid', 'order', 'payment', { amount: '42' }));
    await scenario.given(
      workflow('order', {
        tasks: [
          { name: 'wait', waitForSignal: { name: 'payment', values, allowUnattested: true } },
          script('after', 'test "$AMOUNT" = 42', {
            needs: ['wait'],
            env: { AMOUNT: '${{ tasks.wait.outputs.amount }}' },
          }),
        ],
      }),
      workflowRun('order', 'order'),
    );
    const run = await scenario.ended('order');
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'True' });
    expect(outputsOf(run, 'wait')).toEqual({ amount: 42, sender: '' });
    const sent = await signalEnds(scenario, 'paid');
    expect(sent.status).toMatchObject({ phase: 'Delivered', run: 'order', task: 'wait' });
    expect(sent.metadata.ownerReferences).toMatchObject([{ kind: 'WorkflowRun', name: 'order' }]);
  });
});
