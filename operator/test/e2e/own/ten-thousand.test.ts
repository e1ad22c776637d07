/** @module-tag full */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { serverTimes } from '../../../hack/bench/audit.ts';
import { percentile } from '../../../hack/bench/statistics.ts';
import { FINALIZER_RESULT, MAX_ITEMS, STATUS_BUDGET_BYTES } from '../../../src/api/index.ts';
import { WORKFLOW_RUNS } from '../../../src/controllers/index.ts';
import { auditLog, it, useOperator } from '../../support/e2e.ts';
import { OPERATOR_USER } from '../../support/installation.ts';
import { IMAGE, script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, type Scenario } from '../../support/scenario.ts';

useOperator({ own: { name: 'ado-fan-out', kwok: 3 } });

/** Two fan-outs, one of them in a template, have as many items as one may have: 10,000 tasks and a few. */
const ITEMS = MAX_ITEMS;
const TASKS = 2 * ITEMS + 4;
/** All but the template and the computation in it. */
const PODS = TASKS - 2;
const MINUTES = 60;
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
    .watch(
      WORKFLOW_RUNS,
      { ...query, timeoutSeconds: MINUTES * 60 },
      { signal, inactivityMs: MINUTES * 60_000, onLine },
    )
    .catch(() => undefined);
  return sizes;
}

it('completes 10,000 tasks with a small status, and their whole history folds', { timeout: MINUTES * 60_000 }, async ({
  scenario,
}) => {
  await scenario.given(
    workflow('wide', {
      parallelism: 200,
      defaults: { env: { SIMULATE_SECONDS: '0.1' } },
      tasks: [
        script('start', 'true'),
        script('wide', 'echo "$ITEM"', {
          needs: ['start'],
          forEach: { sequence: { from: 1, to: ITEMS } },
          env: { ITEM: '${{ item }}' },
        }),
        { name: 'again', needs: ['wide'], template: { name: 'inner' } },
        script('join', 'true', { needs: ['again'], when: `tasks.again.outputs.items == ${ITEMS}` }),
      ],
      templates: [
        {
          name: 'inner',
          defaults: { image: IMAGE, env: { SIMULATE_SECONDS: '0.1' } },
          tasks: [
            script('deep', 'echo "$ITEM"', {
              forEach: { sequence: { from: 1, to: ITEMS } },
              env: { ITEM: '${{ item }}' },
            }),
            { name: 'count', needs: ['deep'], compute: { items: 'tasks.deep.outputs.size()' } },
          ],
          outputs: [{ name: 'items', type: 'Integer', value: 'tasks.count.outputs.items' }],
        },
      ],
    }),
  );
  await scenario.workflowIs('wide', 'True');
  const mark = auditLog().mark();
  const watched = new AbortController();
  const sizes = sizesOf(scenario, 'wide', watched.signal);
  const started = performance.now();
  await scenario.given(workflowRun('wide', 'wide'));
  const run = await scenario.ended('wide', { timeoutMs: (MINUTES - 6) * 60_000, everyMs: 1000 });
  const seconds = (performance.now() - started) / 1000;
  await sleep(200); // the watch is at most a moment behind
  watched.abort();
  const bytes = await sizes;

  expect(conditionOf(run, 'Succeeded').status).toBe('True');
  expect(run.status?.counts).toMatchObject({ total: TASKS, succeeded: TASKS });
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
  await scenario.until('every pod is let go', () => areLetGo(scenario), { timeoutMs: 15 * 60_000, everyMs: 5000 });
  const pods = await scenario.podPaths();
  expect(new Set(pods).size).toBe(PODS);
  expect(pods).toHaveLength(PODS);
});

async function areLetGo(scenario: Scenario): Promise<boolean> {
  return (await scenario.pods()).every(({ metadata }) => !metadata.finalizers?.includes(FINALIZER_RESULT));
}
