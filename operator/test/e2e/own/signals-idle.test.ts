/** @module-tag full */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { WORKFLOW_RUNS } from '../../../src/controllers/index.ts';
import { auditLog, it, useOperator } from '../../support/e2e.ts';
import { OPERATOR_USER } from '../../support/installation.ts';
import { workflow, workflowRun } from '../../support/manifests.ts';
import { signalsOf } from '../../support/people.ts';

/** Nothing is listed again in the window: how often that is done is an option, and no matter of what waits. */
useOperator({ flags: ['--relist-period', '30m'] });

const RUNS = 500;
const AT_ONCE = 16;
const WINDOW_MS = 25_000;
/** Requests a second besides watches and leases. */
const IDLE_RATE = 0.2;

it('asks next to nothing of the API server while 500 runs wait for approval', async ({ scenario }) => {
  const approval = { message: 'Go?', approvers: { groups: ['release'] }, expiresAfter: '24h' };
  await scenario.given(workflow('ask', { tasks: [{ name: 'approve', approval }] }));
  await scenario.workflowIs('ask', 'True');
  const { client, namespace } = scenario;
  const indexes = Array.from({ length: RUNS }, (_, index) => index).values();
  const worker = async () => {
    for (const index of indexes) {
      const { metadata, ...run } = workflowRun(`ask-${index}`, 'ask');
      await client.create(WORKFLOW_RUNS, { ...run, metadata: { ...metadata, namespace } });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const all = async () => {
    const signals = await signalsOf(scenario);
    return signals.length === RUNS && signals.every(({ status }) => status?.votes === '0/1');
  };
  await scenario.until(`${RUNS} signals wait`, all, { timeoutMs: 180_000, everyMs: 2000 });
  await auditLog().quiet(OPERATOR_USER, 11_000, 120_000);
  const mark = auditLog().mark();
  await sleep(WINDOW_MS);
  const asked = auditLog().since(mark, ({ user }) => user === OPERATOR_USER);
  const work = asked.filter(({ verb, resource }) => verb !== 'watch' && resource !== 'leases');
  const told = work.map(({ verb, resource }) => `${verb} ${resource}`).join(', ');
  expect(work.length / (WINDOW_MS / 1000), told).toBeLessThanOrEqual(IDLE_RATE);
  expect(asked.length).toBeGreaterThan(0);
});
