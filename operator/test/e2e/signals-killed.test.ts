import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { WorkflowRun } from '../../src/api/index.ts';
import { SIGNALS } from '../../src/controllers/index.ts';
import { joinHistory } from '../../src/engine/index.ts';
import { it, stage, useOperator } from '../support/e2e.ts';
import { workflow, workflowRun } from '../support/manifests.ts';
import { OperatorProcess } from '../support/operator-process.ts';
import { dataSignal, signalsOf } from '../support/people.ts';
import { conditionOf, type Scenario } from '../support/scenario.ts';

/** The one that comes after a killed one is the same replica: it need not wait for the lease of the dead. */
const FLAGS = ['--lease-duration', '2s', '--identity', 'killed'];
useOperator({ flags: FLAGS });

const COUNT = 100;
const nameOf = (index: number) => `s-${String(index).padStart(3, '0')}`;

/** Kills the operator a second after it leads, again and again, until it is told to end; then one is left to live. */
async function killEverySecond(until: () => boolean): Promise<number> {
  let kills = 0;
  while (!until()) {
    await sleep(1000);
    await stage().operator.kill();
    kills++;
    stage().operator = await OperatorProcess.start({ kubeconfig: stage().credentials.path, flags: FLAGS });
  }
  return kills;
}

/** One signal after the other, as a system sends what happens to it. */
async function send({ client, namespace }: Scenario): Promise<void> {
  for (let index = 0; index < COUNT; index++) {
    const { metadata, ...signal } = dataSignal(nameOf(index), 'count', 'next', { n: String(index) });
    await client.create(SIGNALS, { ...signal, metadata: { ...metadata, namespace } });
    await sleep(100);
  }
}

/** The signals that the history of the run, pages and tail, says were delivered, in its order. */
async function deliveredIn(scenario: Scenario, { status }: WorkflowRun): Promise<string[]> {
  const pages = (await scenario.journals()).map(({ spec }) => spec);
  return joinHistory(pages, status?.journal?.tail ?? '[]').flatMap((event) =>
    event.type === 'Judged' && event.phase === 'Delivered' && event.object !== undefined ? [event.object] : [],
  );
}

it(`applies each of ${COUNT} signals once and in order while it is killed every second`, async ({ scenario }) => {
  const loop = { until: `iteration == ${COUNT - 1}`, maxIterations: COUNT };
  const waitForSignal = { name: 'next', values: [{ name: 'n', type: 'Integer' as const }], allowUnattested: true };
  await scenario.given(workflow('count', { tasks: [{ name: 'take', waitForSignal, loop }] }));
  await scenario.workflowIs('count', 'True');
  await scenario.given(workflowRun('count', 'count'));
  let sent = false;
  const sending = send(scenario).finally(() => {
    sent = true;
  });
  const kills = await killEverySecond(() => sent);
  await sending;
  const run = await scenario.ended('count', { timeoutMs: 120_000 });
  expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'True' });
  expect(await deliveredIn(scenario, run)).toEqual(Array.from({ length: COUNT }, (_, index) => nameOf(index)));
  await scenario.until('every signal says that it was delivered', async () => {
    const data = (await signalsOf(scenario)).filter(({ spec }) => spec.type === 'Data');
    return data.length === COUNT && data.every(({ status }) => status?.phase === 'Delivered');
  });
  expect(kills).toBeGreaterThanOrEqual(3);
});
