/**
 * Who: a user who may create WorkflowRuns in the namespace, and nothing else.
 * What they try: to pass an approval that nobody answered, by a run of a harmless workflow that carries the name and every
 * mark of what the approving task, or the one behind it, would have started. There is no admission webhook and no policy.
 * What must be: the approval waits; the run is a stranger and is named; a person's answer still decides.
 */
import { describe, expect } from 'vitest';
import { API_VERSION, GROUP } from '../../src/api/index.ts';
import { childRunName } from '../../src/pods/index.ts';
import { Attacker, isToldOf, marksOf } from '../support/attacker.ts';
import { it, useOperator } from '../support/e2e.ts';
import { script, workflow, workflowRun } from '../support/manifests.ts';
import { signalWaits } from '../support/people.ts';
import { phasesOf } from '../support/scenario.ts';

useOperator();

describe('a WorkflowRun that was made by hand as the child of another', () => {
  it.for(['approve', 'deploy'])('starts and passes nothing in the place of %s', async (path, { scenario }) => {
    await scenario.given(
      workflow('harmless', { tasks: [script('ok', 'true')] }),
      workflow('ship', {
        tasks: [
          { name: 'approve', approval: { message: 'Ship?' } },
          { name: 'deploy', workflow: { name: 'harmless' }, needs: ['approve'] },
          script('after', 'true', { needs: ['deploy'] }),
        ],
      }),
    );
    await scenario.given(workflowRun('ship', 'ship'));
    await signalWaits(scenario, 'ship-approve');
    const mallory = await Attacker.with(scenario, { group: GROUP, resources: ['workflowruns'], verbs: ['create'] });
    const run = await scenario.run('ship');
    const name = childRunName('ship', run.metadata.uid ?? '', path, 0);
    const metadata = { ...marksOf(run, path), name };
    await mallory.create({
      ...{ apiVersion: API_VERSION, kind: 'WorkflowRun', metadata },
      spec: {
        workflowRef: { name: 'harmless' },
        origin: { type: 'Workflow', run: 'ship', uid: run.metadata.uid, task: path },
      },
    });
    await scenario.ended(name);
    await isToldOf(scenario, name);
    const after = await scenario.run('ship');
    expect(after.status?.finishedAt).toBeUndefined();
    expect(phasesOf(after)).not.toHaveProperty('deploy', 'Succeeded');
    expect(phasesOf(after)).toMatchObject({ after: 'Pending' });
    await signalWaits(scenario, 'ship-approve');
    await scenario.kubectl(['patch', 'awr', 'ship', '--type=merge', '-p', '{"spec":{"desiredState":"Terminated"}}']);
    await scenario.ended('ship');
  });
});
