import { describe, expect } from 'vitest';
import { ADMISSION_NAME, type WorkflowRun } from '../../../src/api/index.ts';
import { idOf } from '../../../src/proofs/rotation.ts';
import { type KeySecret, packedKeys, storedKeys } from '../../../src/proofs/stored-keys.ts';
import { SECRETS } from '../../../src/runtime/index.ts';
import { admissionIsInForce } from '../../support/admission.ts';
import { it, restartOperator, stage, useOperator } from '../../support/e2e.ts';
import { OPERATOR_NAMESPACE } from '../../support/installation.ts';
import { script, workflow, workflowRun } from '../../support/manifests.ts';
import { givenStaff, Person, signalOf, signalWaits } from '../../support/people.ts';
import { phasesOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useOperator({ admission: true });

/** Puts a key before those that there are, as if it had been announced long ago. Returns its id. */
async function rotate({ client }: Scenario): Promise<string> {
  const ref = { namespace: OPERATOR_NAMESPACE, name: ADMISSION_NAME };
  const secret = await client.get<KeySecret>(SECRETS, ref);
  const key = crypto.getRandomValues(new Uint8Array(32));
  const keys = [{ key, from: Date.now() - 1000 }, ...(storedKeys(secret) ?? [])].slice(0, 8);
  const patch = JSON.stringify({ data: packedKeys(keys) });
  await stage().kubectl.run(['patch', 'secret', ref.name, '-n', ref.namespace, '--type=merge', '-p', patch]);
  return idOf(key);
}

const podIds = async (scenario: Scenario) => (await scenario.pods()).map(({ metadata }) => metadata.uid).sort();

describe('keys that rotate while runs are under way', () => {
  it('lose neither an answer nor an attempt, and new codes name the new key', FULL, async ({ scenario }) => {
    await givenStaff(scenario);
    const approve = { name: 'approve', approval: { message: 'Ship?', approvals: 2 } };
    await scenario.given(
      workflow('ship', {
        tasks: [approve, script('long', 'sleep 20'), script('after', 'true', { needs: ['approve'] })],
      }),
      workflowRun('ship', 'ship'),
    );
    await signalWaits(scenario, 'ship-approve');
    await scenario.podRuns('long');
    await new Person(scenario, 'ada').answer('ship-approve', { decision: 'Approve' });
    const before = await podIds(scenario);
    let id = '';
    await restartOperator(async () => {
      id = await rotate(scenario);
    });
    await admissionIsInForce(stage().kubectl);
    await new Person(scenario, 'bob').answer('ship-approve', { decision: 'Approve' });
    const [ada, bob] = (await signalOf(scenario, 'ship-approve')).spec.responses ?? [];
    expect(ada?.attestation?.startsWith(`${id}.`)).toBe(false);
    expect(bob?.attestation?.startsWith(`${id}.`)).toBe(true);
    const run: WorkflowRun = await scenario.ended('ship');
    expect(phasesOf(run)).toMatchObject({ approve: 'Succeeded', long: 'Succeeded', after: 'Succeeded' });
    expect(await podIds(scenario)).toEqual(expect.arrayContaining(before));
    expect(await scenario.podPaths()).toEqual(['after', 'long']);
  });
});
