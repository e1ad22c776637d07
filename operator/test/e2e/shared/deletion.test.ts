import { describe, expect } from 'vitest';
import { NAMESPACES } from '../../../src/runtime/index.ts';
import { auditLog, it, useSharedOperator } from '../../support/e2e.ts';
import { OPERATOR_USER } from '../../support/installation.ts';
import { script, workflow, workflowRun } from '../../support/manifests.ts';
import type { Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useSharedOperator();

/** What nobody may outlive: deaf to SIGTERM, with a grace of `seconds`; something finished; something that would come. */
async function givenLiveRun(scenario: Scenario, seconds: number): Promise<void> {
  const deaf = 'trap "" TERM; while true; do sleep 0.2; done';
  await scenario.given(
    workflow('live', {
      defaults: { terminationGracePeriodSeconds: seconds },
      tasks: [
        script('deaf', deaf),
        script('finished', 'true'),
        script('fan', deaf, { forEach: { items: [1, 2] } }),
        script('next', 'true', { needs: ['deaf', 'fan'], runIf: 'Always' }),
        script('again', 'exit 1', { retry: { limit: 100, backoff: { duration: '1s', factor: 1 } } }),
      ],
    }),
    workflowRun('live', 'live'),
  );
  for (const path of ['deaf', 'fan[0]', 'fan[1]']) await scenario.podRuns(path);
  await scenario.taskIs('live', 'finished', 'succeeded', ({ phase }) => phase === 'Succeeded');
}

/** All pods go, and none is created after the deletion was done. */
async function expectNothingLeft(scenario: Scenario, mark: number): Promise<void> {
  await scenario.until('all pods are gone', async () => (await scenario.pods()).length === 0);
  const created = auditLog().since(mark, ({ user, verb, resource, namespace, code }) => {
    const isCreate = user === OPERATOR_USER && verb === 'create' && resource === 'pods' && code < 300;
    return isCreate && namespace === scenario.namespace;
  });
  expect(created).toEqual([]);
}

/** When the operator has certainly seen what happened before. */
async function seen(scenario: Scenario): Promise<number> {
  await scenario.given(workflow('witness', { tasks: [script('only', 'true')] }));
  await scenario.workflowIs('witness', 'True');
  return auditLog().mark();
}

const namespaceGone = (scenario: Scenario) =>
  scenario.until('the namespace is gone', async () => {
    const { items } = await scenario.client.list(NAMESPACES);
    return items.every(({ metadata }) => metadata.name !== scenario.namespace);
  });

describe('deleting what is live', () => {
  it.concurrent('ends the pods of a deleted run and starts nothing more of it', async ({ scenario }) => {
    await givenLiveRun(scenario, 2);
    await scenario.kubectl(['delete', 'awr', 'live']);
    const mark = await seen(scenario);
    await expectNothingLeft(scenario, mark);
    expect(await scenario.journals()).toEqual([]);
  });

  it.concurrent('ends the pods of a run that is deleted in the foreground', FULL, async ({ scenario }) => {
    await givenLiveRun(scenario, 2);
    await scenario.kubectl(['delete', 'awr', 'live', '--cascade=foreground', '--timeout=60s']);
    await expectNothingLeft(scenario, auditLog().mark());
  });

  it.concurrent('ends the runs of a deleted Workflow, and forgets its versions', async ({ scenario }) => {
    await givenLiveRun(scenario, 2);
    await scenario.kubectl(['delete', 'awf', 'live']);
    await scenario.until('the runs are gone', async () => (await scenario.runs()).length === 0);
    const mark = await seen(scenario);
    await expectNothingLeft(scenario, mark);
    const revisions = ['get', 'controllerrevisions', '-o', 'name'];
    await scenario.until('the versions are gone', async () => !(await scenario.kubectl(revisions)).includes('/live-'));
  });

  it.concurrent(
    'lets a namespace with live runs go within 60 s, with the default grace of 30 s',
    FULL,
    async ({ scenario }) => {
      await givenLiveRun(scenario, 30);
      await scenario.kubectl(['delete', 'namespace', scenario.namespace, '--wait=false']);
      await namespaceGone(scenario);
    },
  );
});
