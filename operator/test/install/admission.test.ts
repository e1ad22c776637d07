/** The admission webhook as the manifests install it: served by both replicas, reached by its Service. */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Signal, WorkflowRun } from '../../src/api/index.ts';
import { SIGNALS, WORKFLOW_RUNS } from '../../src/controllers/index.ts';
import { OPERATOR_NAMESPACE } from '../support/installation.ts';
import { workflow } from '../support/manifests.ts';
import { FULL } from '../support/tier.ts';
import { install, rolledOut, runOf, scenario, stage, useCluster } from './stage.ts';

useCluster();

beforeAll(() => install());

const ADA = ['--as', 'ada', '--as-group', 'system:masters'] as const;

describe('the admission webhook in the cluster', () => {
  it('writes down who asks and who answers, and refuses who speaks for another', async () => {
    const here = await scenario();
    const task = { name: 'approve', approval: { message: 'Ship?', notRequester: true } };
    await here.given(workflow('ship', { tasks: [task] }));
    await here.kubectl([...ADA, 'create', '-f', '-'], runOf(here.namespace, 'ship', 'ship'));
    await here.until('people are asked', async () => {
      return (await here.kubectl(['get', 'asig', 'ship-approve', '--ignore-not-found', '-o', 'name'])) !== '';
    });
    const answer = ['patch', 'asig', 'ship-approve', '--type=merge', '-p', '{"spec":{"decision":"Approve"}}'];
    expect(await here.refused([...ADA, ...answer])).toContain('"ada" requested the run and may not decide it');
    const forged = { spec: { responses: [{ username: 'bob', decision: 'Approve' }] } };
    await here.refused([...ADA, ...answer.slice(0, -1), JSON.stringify(forged)]);
    await here.kubectl(['--as', 'bob', '--as-group', 'system:masters', ...answer]);
    const { status } = await here.ended('ship');
    expect(status?.phase).toBe('Succeeded');
    expect(status?.requester).toEqual({ username: 'ada', attested: true });
    const { spec } = await here.client.get<Signal>(SIGNALS, { name: 'ship-approve', namespace: here.namespace });
    expect(spec.responses?.map(({ username }) => username)).toEqual(['bob']);
    await here.end();
  });

  it('refuses a definition that cannot run, with the place', async () => {
    const here = await scenario();
    const broken = workflow('broken', { tasks: [{ name: 'a', run: 'true', env: { X: '${{ params.none }}' } }] });
    expect(await here.refused(['apply', '--server-side', '-f', '-'], broken)).toContain('spec.tasks[0].env.X: ');
    await here.end();
  });

  it('answers on, and vouches for the same, while a rollout replaces both replicas', FULL, async () => {
    const here = await scenario();
    const retention = { succeeded: { count: 1000 } };
    await here.given(workflow('waits', { retention, tasks: [{ name: 'nap', sleep: { duration: '1s' } }] }));
    let over = false;
    await stage().kubectl.run(['rollout', 'restart', '-n', OPERATOR_NAMESPACE, 'deploy/ado-operator']);
    const rollout = rolledOut().finally(() => {
      over = true;
    });
    const names: string[] = [];
    while (!over) {
      const name = `waits-${names.length}`;
      await here.client.create(WORKFLOW_RUNS, runOf(here.namespace, name, 'waits'));
      names.push(name);
      await sleep(200);
    }
    await rollout;
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) {
      const { status }: WorkflowRun = await here.ended(name);
      expect(status?.requester?.attested, name).toBe(true);
    }
    await here.end();
  });
});
