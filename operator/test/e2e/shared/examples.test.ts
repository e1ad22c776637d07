/** Every folder of examples is applied as it stands, in a namespace of its own, and ends as it says. */
import { describe, expect } from 'vitest';
import type { WorkflowRun, WorkflowSpec } from '../../../src/api/index.ts';
import { it, useSharedOperator } from '../../support/e2e.ts';
import { type Example, examples, objectsOf, runOf } from '../../support/examples.ts';
import type { Scenario } from '../../support/scenario.ts';
import { sampleOf } from '../../support/tier.ts';

useSharedOperator();

/** The quick tier runs one example of so many, others with another seed. */
const ONE_OF = 3;

/** Applies an example and starts it; returns the name of its run. */
async function startOf(scenario: Scenario, { name, expected }: Example): Promise<string> {
  for (const file of expected.setup) await scenario.given(...objectsOf(name, file));
  const objects = objectsOf(name, 'workflow.yaml');
  await scenario.given(...objects);
  const run = runOf(name);
  if (run) {
    const [made = ''] = await scenario.given(run);
    return made;
  }
  const triggered = objects.filter(({ kind, spec }) => {
    return kind === 'Workflow' && (spec as WorkflowSpec).triggers?.onChange !== undefined;
  });
  expect(
    triggered.map(({ metadata }) => metadata.name),
    'Workflows with onChange',
  ).toHaveLength(1);
  const workflow = () => scenario.workflow(triggered[0]?.metadata.name ?? '');
  const explain = async () => JSON.stringify((await workflow()).status?.conditions);
  const started = async () => (await workflow()).status?.lastApplied?.run;
  return scenario.until('the trigger starts a run', started, { explain });
}

/** Whether a run is as expected. @throws AssertionError when it never will be */
function isAsExpected({ status }: WorkflowRun, { expected }: Example): boolean {
  if (status?.finishedAt) expect(status.phase, JSON.stringify(status.tasks)).toBe(expected.phase);
  if (status?.phase !== expected.phase) return false;
  return expected.waitingFor === undefined || status.waitingFor === expected.waitingFor;
}

describe.concurrent('an example', () => {
  it.for(sampleOf(examples(), ONE_OF))('$name ends as it says', async (example, { scenario }) => {
    const run = await startOf(scenario, example);
    const timeoutMs = example.expected.timeout * 1000;
    await scenario.runIs(run, 'is as its example says', (seen) => isAsExpected(seen, example), { timeoutMs });
  });
});
