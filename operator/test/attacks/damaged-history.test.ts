/**
 * Who: a user who may create and delete RunJournals in a namespace.
 * What they try: to change what a run is said to have done, or what a retry takes over from it, by deleting a page of its
 * history, by putting another one in its place, or by being there before the operator.
 * What must be: the run ends as it would have, HistoryDamaged says which pages are damaged, and no run takes anything
 * over from them.
 */
import { describe, expect } from 'vitest';
import { API_VERSION, GROUP, type RunJournal } from '../../src/api/index.ts';
import { digestText } from '../../src/engine/index.ts';
import { Attacker } from '../support/attacker.ts';
import { it, useOperator } from '../support/e2e.ts';
import { script, workflow, workflowRun } from '../support/manifests.ts';
import { conditionOf, type Scenario } from '../support/scenario.ts';

useOperator();

const FILL = `head -c 3500 /dev/zero | tr '\\0' x | sed 's/^/text=/' > $ADO_OUTPUTS`;
const WAIT = 'until test -e /tmp/now; do sleep 0.2; done';

/** Three outputs fill the tail, `first` cuts the page, and while `second` waits the run has one. */
const PAGED = workflow('paged', {
  tasks: [
    ...['a', 'b', 'c'].map((name) => script(name, FILL, { outputs: [{ name: 'text' }] })),
    script('first', WAIT, { needs: ['a', 'b', 'c'] }),
    script('second', WAIT, { needs: ['first'] }),
    script('last', 'case "$TEXT" in *evil*) exit 1;; esac; test "${#TEXT}" = 3500', {
      needs: ['a', 'second'],
      env: { TEXT: '${{ tasks.a.outputs.text }}' },
    }),
  ],
});

async function release(scenario: Scenario, path: string): Promise<void> {
  const { metadata } = await scenario.podRuns(path);
  await scenario.kubectl(['exec', metadata.name, '--', 'touch', '/tmp/now']);
}

const mallory = (scenario: Scenario): Promise<Attacker> =>
  Attacker.with(scenario, { group: GROUP, resources: ['runjournals'], verbs: ['get', 'list', 'create', 'delete'] });

/** A run that waits in `second`, with the one page that it has by then. */
async function givenPage(scenario: Scenario): Promise<RunJournal> {
  await scenario.given(PAGED, workflowRun('paged', 'paged'));
  await release(scenario, 'first');
  await scenario.podRuns('second');
  const [page] = await scenario.until('a page was cut', async () => {
    const { status } = await scenario.run('paged');
    return status?.journal?.pages === 1 && (await scenario.journals());
  });
  if (!page) throw new Error('the status counts a page that is not there');
  return page;
}

const isTold = (scenario: Scenario, run: string) =>
  scenario.runIs(run, 'says that its history is damaged', ({ status }) =>
    (status?.conditions ?? []).some(({ type, status: is }) => type === 'HistoryDamaged' && is === 'True'),
  );

/** A run that repeats `last` needs an output of `a`: of the state where that still has it, of the page never. */
async function expectNothingTakenOver(scenario: Scenario): Promise<void> {
  const from = { run: 'paged', mode: 'Fork', task: 'last' };
  await scenario.given({ ...workflowRun('again', 'paged'), spec: { workflowRef: { name: 'paged' }, from } });
  const again = await scenario.ended('again');
  expect(['Succeeded', 'HistoryDamaged']).toContain(conditionOf(again, 'Succeeded').reason);
}

describe('a page of history', () => {
  it('that was deleted is told of on the run, which ends well all the same', async ({ scenario }) => {
    const page = await givenPage(scenario);
    await (await mallory(scenario)).kubectl(['delete', 'runjournal', page.metadata.name]);
    await release(scenario, 'second');
    expect(conditionOf(await scenario.ended('paged'), 'Succeeded').status).toBe('True');
    const told = await isTold(scenario, 'paged');
    expect(conditionOf(told, 'HistoryDamaged').message).toContain(page.metadata.name);
    await expectNothingTakenOver(scenario);
    await scenario.kubectl(['delete', 'awr', 'paged']);
  });

  it('that was written again with other events is told of, and nothing is taken over from it', async ({ scenario }) => {
    const page = await givenPage(scenario);
    const person = await mallory(scenario);
    await person.kubectl(['delete', 'runjournal', page.metadata.name]);
    const events = page.spec.events.replaceAll('xxxx', 'evil');
    const { name, ownerReferences } = page.metadata;
    const spec = { ...page.spec, events, digest: digestText(events) };
    const metadata = { name, ownerReferences };
    await person.kubectl(['create', '-f', '-'], { apiVersion: API_VERSION, kind: 'RunJournal', metadata, spec });
    await release(scenario, 'second');
    expect(conditionOf(await scenario.ended('paged'), 'Succeeded').status).toBe('True');
    await isTold(scenario, 'paged');
    await expectNothingTakenOver(scenario);
    await scenario.kubectl(['delete', 'awr', 'paged']);
  });

  it('whose name was taken before it was cut has another name, and is whole', async ({ scenario }) => {
    await scenario.given(PAGED, workflowRun('paged', 'paged'));
    await scenario.podRuns('first');
    const { metadata } = await scenario.run('paged');
    const name = `${metadata.uid}-1`;
    const runRef = { name: 'paged', uid: metadata.uid };
    const spec = { runRef, firstSeq: 1, lastSeq: 1, digest: digestText('[]'), events: '[]' };
    const stranger = { apiVersion: API_VERSION, kind: 'RunJournal', metadata: { name }, spec };
    await (await mallory(scenario)).kubectl(['create', '-f', '-'], stranger);
    await release(scenario, 'first');
    await release(scenario, 'second');
    const ended = await scenario.ended('paged');
    expect(conditionOf(ended, 'Succeeded').status).toBe('True');
    expect(conditionOf(ended, 'HistoryDamaged').message).toContain(name);
    const from = { run: 'paged', mode: 'Fork', task: 'last' };
    await scenario.given({ ...workflowRun('again', 'paged'), spec: { workflowRef: { name: 'paged' }, from } });
    expect(conditionOf(await scenario.ended('again'), 'Succeeded').status).toBe('True');
  });
});
