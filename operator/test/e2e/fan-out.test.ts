import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { serverTimes } from '../../hack/bench/audit.ts';
import { percentile } from '../../hack/bench/statistics.ts';
import { STATUS_BUDGET_BYTES } from '../../src/api/index.ts';
import { WORKFLOW_RUNS } from '../../src/controllers/index.ts';
import { auditLog, it, useOperator } from '../support/e2e.ts';
import { OPERATOR_USER } from '../support/installation.ts';
import { script, workflow, workflowRun } from '../support/manifests.ts';
import { conditionOf, type Scenario } from '../support/scenario.ts';

useOperator({ own: { name: 'ado-fan-out', kwok: 3 } });

const TASKS = 2000;
const TARGET_BYTES = 32 * 1024;

/** Bytes of every version of the run as the server sends it, until `signal`. */
async function sizesOf(scenario: Scenario, run: string, signal: AbortSignal): Promise<number[]> {
  const sizes: number[] = [];
  const query = { namespace: scenario.namespace, fieldSelector: `metadata.name=${run}`, resourceVersion: '0' };
  const onLine = (line: string) => {
    const { type, object } = JSON.parse(line);
    if (type === 'ADDED' || type === 'MODIFIED') sizes.push(Buffer.byteLength(JSON.stringify(object)));
    return undefined;
  };
  await scenario.client
    .watch(WORKFLOW_RUNS, { ...query, timeoutSeconds: 600 }, { signal, inactivityMs: 600_000, onLine })
    .catch(() => undefined);
  return sizes;
}

it(`completes a fan-out of ${TASKS} tasks with a small status, and its whole history folds`, async ({ scenario }) => {
  const items = Array.from({ length: TASKS }, (_, index) => index);
  await scenario.given(
    workflow('wide', {
      parallelism: 200,
      tasks: [
        script('start', 'true'),
        script('wide', 'echo "$ITEM"', { needs: ['start'], forEach: { items }, env: { ITEM: '${{ item }}' } }),
        script('join', 'true', { needs: ['wide'] }),
      ],
    }),
  );
  await scenario.workflowIs('wide', 'True');
  const mark = auditLog().mark();
  const watched = new AbortController();
  const sizes = sizesOf(scenario, 'wide', watched.signal);
  const started = performance.now();
  await scenario.given(workflowRun('wide', 'wide'));
  const run = await scenario.ended('wide', { timeoutMs: 280_000, everyMs: 500 });
  const seconds = (performance.now() - started) / 1000;
  await sleep(200); // the watch is at most a moment behind
  watched.abort();
  const bytes = await sizes;

  expect(conditionOf(run, 'Succeeded').status).toBe('True');
  expect(run.status?.counts).toMatchObject({ total: TASKS + 2, succeeded: TASKS + 2 });
  expect(run.status?.journal?.pages).toBeGreaterThan(5);
  expect(await scenario.journals()).toHaveLength(run.status?.journal?.pages ?? 0);
  expect(run.status?.tasks?.length).toBeLessThanOrEqual(50);

  const p95 = percentile(bytes, 0.95);
  const largest = percentile(bytes, 1);
  const patches = serverTimes(
    auditLog().since(mark, ({ user }) => user === OPERATOR_USER),
    'patch',
    'workflowruns/status',
  );
  console.info(
    `${TASKS} tasks in ${seconds.toFixed(1)} s: ${patches.length} status patches, in the API server ` +
      `p50 ${percentile(patches, 0.5).toFixed(1)} ms, p95 ${percentile(patches, 0.95).toFixed(1)} ms; ` +
      `object p95 ${p95} bytes, largest ${largest} bytes in ${bytes.length} versions; ${run.status?.journal?.pages} pages`,
  );
  expect(bytes.length).toBeGreaterThan(10);
  expect(p95).toBeLessThanOrEqual(TARGET_BYTES);
  expect(largest).toBeLessThanOrEqual(STATUS_BUDGET_BYTES);
  const pods = await scenario.pods();
  expect(new Set(pods.map(({ metadata }) => metadata.annotations?.['flow.ado.dev/task'])).size).toBe(TASKS + 2);
  expect(pods).toHaveLength(TASKS + 2);
});
