/** Data that goes on being sent while the operator is killed again and again, and what must come of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { WorkflowRun } from '../../src/api/index.ts';
import { SIGNALS } from '../../src/controllers/index.ts';
import { joinHistory } from '../../src/engine/index.ts';
import { isAlreadyExists } from '../../src/runtime/index.ts';
import { killOperator } from './e2e.ts';
import { workflow, workflowRun } from './manifests.ts';
import { dataSignal, signalsOf } from './people.ts';
import { conditionOf, type Scenario } from './scenario.ts';

export const SENT = 100;
const FEWEST_KILLS = 3;
const nameOf = (index: number) => `s-${String(index).padStart(3, '0')}`;

/** Sends to a loop that takes one signal an iteration, and kills the operator each second until all are sent. */
export async function expectEachOnceInOrder(scenario: Scenario, allowUnattested: boolean): Promise<void> {
  const loop = { until: `iteration == ${SENT - 1}`, maxIterations: SENT };
  const waitForSignal = { name: 'next', values: [{ name: 'n', type: 'Integer' as const }], allowUnattested };
  await scenario.given(workflow('count', { tasks: [{ name: 'take', waitForSignal, loop }] }));
  await scenario.workflowIs('count', 'True');
  await scenario.given(workflowRun('count', 'count'));
  const storm = { kills: 0, isSent: false };
  const sending = send(scenario, storm).finally(() => {
    storm.isSent = true;
  });
  await killEverySecond(storm);
  await sending;
  const run = await scenario.ended('count');
  expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'True' });
  expect(await deliveredIn(scenario, run)).toEqual(Array.from({ length: SENT }, (_, index) => nameOf(index)));
  await scenario.until('every signal says that it was delivered', async () => {
    const data = (await signalsOf(scenario)).filter(({ spec }) => spec.type === 'Data');
    return data.length === SENT && data.every(({ status }) => status?.phase === 'Delivered');
  });
}

interface Storm {
  kills: number;
  isSent: boolean;
}

/** Kills the operator a second after it leads, again and again, until all is sent; then one is left to live. */
async function killEverySecond(storm: Storm): Promise<void> {
  while (!storm.isSent) {
    await sleep(1000);
    await killOperator();
    storm.kills++;
  }
}

/**
 * One signal after the other; one that is refused, as while nobody serves the admission webhook, is sent again. The last
 * ones wait for the fewest kills, however long an operator takes to come back.
 */
async function send(scenario: Scenario, storm: Storm): Promise<void> {
  const { client, namespace } = scenario;
  for (let index = 0; index < SENT; index++) {
    const { metadata, ...signal } = dataSignal(nameOf(index), 'count', 'next', { n: String(index) });
    const object = { ...signal, metadata: { ...metadata, namespace } };
    const due = Math.floor((index * (FEWEST_KILLS + 1)) / SENT);
    await scenario.until(`the operator was killed ${due} times`, async () => storm.kills >= due);
    await scenario.until(`signal ${index} is taken`, async () => {
      const error = await client.create(SIGNALS, object).then(
        () => undefined,
        (cause: unknown) => cause,
      );
      return error === undefined || isAlreadyExists(error);
    });
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
