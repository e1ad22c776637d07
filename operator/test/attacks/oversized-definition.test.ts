/**
 * Who: a user of a namespace. Right: create and update on workflows there, and nothing else.
 * Tries: to hold up the operator of the whole cluster by definitions that take long to judge: names that are not there,
 * patterns of Unicode, large expressions, many at once.
 * Must be: each is answered within the time of the webhook, /readyz says yes all the while, the lease stays with its
 * holder, and the work of others goes on. Also with the webhook off, where only the controller judges.
 */
import { describe, expect } from 'vitest';
import { API_VERSION } from '../../src/api/index.ts';
import { removeWebhook, webhookIsGone } from '../support/admission.ts';
import { it, restartOperator, stage, useOperator } from '../support/e2e.ts';
import { OPERATOR_NAMESPACE } from '../support/installation.ts';
import { type Manifest, script, workflow, workflowRun } from '../support/manifests.ts';
import type { Scenario } from '../support/scenario.ts';
import { FULL } from '../support/tier.ts';

useOperator({ admission: true, flags: ['--lease-duration', '6s'] });

const MALLORY = ['--as', 'mallory'] as const;
const list = <T>(length: number, make: (index: number) => T) => Array.from({ length }, (_, index) => make(index));

function definition(name: string, task: (index: number) => object, tasks: number, more: object = {}): Manifest {
  const named = (index: number) => ({ name: `a-task-with-quite-a-long-name-${index}`, image: 'busybox', run: 'true' });
  const spec = { tasks: list(tasks, (index) => ({ ...named(index), ...task(index) })), ...more };
  return { apiVersion: API_VERSION, kind: 'Workflow', metadata: { name }, spec };
}

const HEAVY = [
  definition('names', (index) => ({ needs: list(5, (at) => `nobody-${index}-${at}`) }), 250),
  definition('more-names', (index) => ({ needs: list(12, (at) => `nobody-number-${index}-${at}`) }), 500),
  definition('expressions', (index) => ({ when: `${'1 + '.repeat(490)}${index} == 1` }), 400),
  definition('patterns', () => ({}), 1, {
    parameters: list(64, (at) => ({ name: `p${at}`, pattern: `(?i)${at}[\\pL\\pN]{1000}`, default: 'x' })),
  }),
];

async function givenMallory(scenario: Scenario): Promise<void> {
  const resource = '--resource=workflows.flow.ado.dev';
  await scenario.kubectl(['create', 'role', 'author', '--verb=get,create,update,patch', resource]);
  await scenario.kubectl(['create', 'rolebinding', 'author', '--role=author', '--user=mallory']);
}

/** What the Lease says, as often as it is asked while `acting`, and what /readyz answered. */
async function watched(
  scenario: Scenario,
  acting: Promise<unknown>,
): Promise<{ holders: Set<string>; ready: Set<number> }> {
  const holders = new Set<string>();
  const ready = new Set<number>();
  let isOver = false;
  const over = acting.finally(() => {
    isOver = true;
  });
  over.catch(() => undefined);
  while (!isOver) {
    const query = ['get', 'leases', '-n', OPERATOR_NAMESPACE, '-o', 'jsonpath={.items[*].spec.holderIdentity}'];
    holders.add(await scenario.kubectl(query));
    ready.add((await stage().operator.get('/readyz')).status);
  }
  await over;
  return { holders, ready };
}

describe('a user who may write Workflows', () => {
  it('is answered in time whatever they write, and holds up nobody', async ({ scenario }) => {
    await givenMallory(scenario);
    const attack = Promise.all(
      list(3, () => HEAVY)
        .flat()
        .map((manifest) => scenario.refused([...MALLORY, 'create', '-f', '-'], manifest)),
    );
    const { holders, ready } = await watched(scenario, attack);
    for (const refusal of await attack) {
      expect(refusal).toMatch(/TooComplex|unknown task|busy with other large definitions/);
      expect(refusal).not.toContain('context deadline exceeded');
    }
    expect([...ready]).toEqual([200]);
    expect(holders.size).toBe(1);
  });

  it('holds up nobody by what was stored while the webhook was off', FULL, async ({ scenario }) => {
    await givenMallory(scenario);
    // What is stored is stored, and the controller has to judge it.
    await restartOperator(async () => {
      await removeWebhook(stage().kubectl);
      await webhookIsGone(stage().kubectl);
      for (const manifest of HEAVY) await scenario.kubectl([...MALLORY, 'create', '-f', '-'], manifest);
    });
    await scenario.given(workflow('other', { tasks: [script('only', 'true')] }), workflowRun('other-1', 'other'));
    const { holders, ready } = await watched(scenario, scenario.ended('other-1'));
    expect([...ready]).toEqual([200]);
    expect(holders.size).toBe(1);
    for (const { metadata } of HEAVY) await scenario.workflowIs(metadata.name ?? '', 'False');
  });
});
