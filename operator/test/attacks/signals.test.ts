/**
 * Who: somebody who may answer signals of the namespace, and so patch them.
 * What they try: to make an approval unanswerable, by taking its owner, labels, annotations and finalizers away, under both
 * of the names by which its task could ask; or to have it deleted by the garbage collector, as if it belonged to another.
 * What must be: where the policies are installed, refused. Where they are not, the signal waits as before, is put right,
 * and a person's answer still decides.
 */
import { describe, expect } from 'vitest';
import { API_VERSION, FINALIZER_ANSWERS, GROUP, LABEL_RUN_UID } from '../../src/api/index.ts';
import { removeAdmission, webhookIsGone } from '../support/admission.ts';
import { Attacker } from '../support/attacker.ts';
import { it, stage, useOperator } from '../support/e2e.ts';
import { workflow, workflowRun } from '../support/manifests.ts';
import { givenStaff, Person, signalIs, signalOf, signalWaits } from '../support/people.ts';
import type { Scenario } from '../support/scenario.ts';

useOperator({ admission: true });

const SHIP = 'ship-approve';
const BARE = { ownerReferences: null, labels: null, annotations: null };
const NOBODYS = [{ apiVersion: API_VERSION, kind: 'WorkflowRun', name: 'none', uid: 'none', controller: true }];
const patch = (metadata: object) => ['patch', 'asig', SHIP, '--type=merge', '-p', JSON.stringify({ metadata })];

async function begun(scenario: Scenario): Promise<Attacker> {
  const approval = { message: 'Ship?', allowUnattested: true };
  await scenario.given(workflow('ship', { tasks: [{ name: 'approve', approval }] }), workflowRun('ship', 'ship'));
  await signalWaits(scenario, SHIP);
  await givenStaff(scenario);
  return Attacker.with(scenario, { group: GROUP, resources: ['signals'], verbs: ['get', 'list', 'patch'] });
}

describe('the metadata of a signal by which a task asks', () => {
  it('is not theirs to change who may answer it, but for finalizers', async ({ scenario }) => {
    const mallory = await begun(scenario);
    const changes = [
      { ownerReferences: null },
      { ownerReferences: NOBODYS },
      { labels: { [LABEL_RUN_UID]: null } },
      { labels: { mine: 'yes' } },
      { annotations: { mine: 'yes' } },
      { finalizers: [FINALIZER_ANSWERS, 'example.com/mine'] },
    ];
    for (const change of changes) expect(await mallory.refused(patch(change))).toMatch(/ado-(signals|marks)/);
    await mallory.kubectl(patch({ finalizers: null }));
    await new Person(scenario, 'ada').answer(SHIP, { decision: 'Approve' });
    expect((await scenario.ended('ship')).status?.phase).toBe('Succeeded');
  });

  it('says nothing where no policy keeps it: the signal is put right, and can be answered', async ({ scenario }) => {
    const mallory = await begun(scenario);
    await removeAdmission(stage().kubectl);
    await scenario.until('the policies are gone', async () =>
      mallory.kubectl(patch(BARE)).then(
        () => true,
        () => false,
      ),
    );
    await webhookIsGone(stage().kubectl);
    const run = await scenario.run('ship');
    for (const change of [BARE, { ...BARE, finalizers: ['example.com/mine'] }]) {
      await mallory.kubectl(patch(change));
      await signalIs(scenario, SHIP, 'is put right', ({ metadata }) => {
        const [owner] = metadata.ownerReferences ?? [];
        return owner?.uid === run.metadata.uid && metadata.labels?.[LABEL_RUN_UID] === run.metadata.uid;
      });
    }
    expect((await signalOf(scenario, SHIP)).status?.phase).toBe('Pending');
    await new Person(scenario, 'ada').respond(SHIP, { decision: 'Approve' });
    expect((await scenario.ended('ship')).status?.phase).toBe('Succeeded');
    await mallory.kubectl(patch({ finalizers: null }));
  });
});
