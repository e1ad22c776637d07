/** A run that is about to cut a page of its history, held still so that a test can be first. */
import type { RunJournal, WorkflowRun } from '../../src/api/index.ts';
import { RUN_JOURNALS } from '../../src/controllers/index.ts';
import { digestText } from '../../src/engine/index.ts';
import { script, workflow, workflowRun } from './manifests.ts';
import type { Scenario } from './scenario.ts';

/** A run whose next write cuts a page of its tail, and waits for `goOn`. */
export async function givenLongTail(scenario: Scenario): Promise<WorkflowRun> {
  const fill = `head -c 3500 /dev/zero | tr '\\0' x | sed 's/^/text=/' > $ADO_OUTPUTS`;
  const filled = ['a', 'b', 'c'].map((name) => script(name, fill, { outputs: [{ name: 'text' }] }));
  const gate = script('gate', 'until test -e /tmp/now; do sleep 0.2; done');
  await scenario.given(workflow('paged', { tasks: [...filled, gate] }), workflowRun('paged', 'paged'));
  await scenario.podRuns('gate');
  return scenario.runIs('paged', 'has a long tail', ({ status }) => status?.counts?.succeeded === 3);
}

/** Lets the run go on. */
export async function goOn(scenario: Scenario): Promise<void> {
  const { name } = (await scenario.podOf('gate')).metadata;
  await scenario.kubectl(['exec', name, '--', 'touch', '/tmp/now']);
}

/** Creates the page that the operator is about to cut, with these events in it. */
export async function givenPage(scenario: Scenario, run: WorkflowRun, events: string): Promise<void> {
  const { seq = 0, journal } = run.status ?? {};
  const { uid = '' } = run.metadata;
  const firstSeq = journal?.firstSeq ?? 0;
  const spec = { runRef: { name: 'paged', uid }, firstSeq, lastSeq: seq, digest: digestText(events), events };
  const metadata = { name: `${uid}-${firstSeq}`, namespace: scenario.namespace };
  await scenario.client.create(RUN_JOURNALS, { metadata, spec } as unknown as RunJournal);
}
