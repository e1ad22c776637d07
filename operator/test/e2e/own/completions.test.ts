import { describe, expect } from 'vitest';
import type { WorkflowRun, WorkflowSpec } from '../../../src/api/index.ts';
import { auditLog, it, killOperator, useOperator } from '../../support/e2e.ts';
import { OPERATOR_USER } from '../../support/installation.ts';
import { type Manifest, workflow, workflowRun } from '../../support/manifests.ts';
import { outputsOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useOperator();

type Completion = NonNullable<NonNullable<WorkflowSpec['triggers']>['completions']>[number];

/** A Workflow without pods, whose run fails if it is told to. */
const source = (name = 'build', more: Partial<WorkflowSpec> = {}): Manifest =>
  workflow(name, {
    parameters: [
      { name: 'version', default: '1.0' },
      { name: 'divisor', type: 'Integer', default: 1 },
    ],
    tasks: [{ name: 'only', compute: { quotient: '1 / params.divisor' } }],
    ...more,
  });

const target = (completions: readonly Completion[], more: Partial<WorkflowSpec> = {}, name = 'ship'): Manifest =>
  workflow(name, {
    parameters: [{ name: 'what', default: 'nothing' }],
    tasks: [{ name: 'only', compute: { said: 'params.what' } }],
    triggers: { completions: [...completions] },
    ...more,
  });

const counts = (scenario: Scenario, name = 'ship') =>
  scenario.until(
    'the trigger counts',
    async () => (await scenario.workflow(name)).status?.completions?.[0]?.since !== undefined,
  );
const runsOf = async (scenario: Scenario, name = 'ship'): Promise<WorkflowRun[]> =>
  (await scenario.runs()).filter(({ spec }) => spec.workflowRef.name === name);
const made = (scenario: Scenario, count = 1): Promise<WorkflowRun[]> =>
  scenario.until(`there are ${count} runs of ship`, async () => {
    const runs = await runsOf(scenario);
    return runs.length >= count && runs;
  });

describe('the end of a run', () => {
  it.concurrent('starts one of another Workflow, which reads it', async ({ scenario }) => {
    const what = '${{ source.workflow }} ${{ source.parameters.version }} ${{ source.result }} ${{ source.run }}';
    await scenario.given(source(), target([{ name: 'built', workflow: 'build', with: { what } }]));
    await counts(scenario);
    await scenario.given(
      workflowRun('first', 'build', { version: '2.0' }),
      workflowRun('bad', 'build', { divisor: '0' }),
    );
    await scenario.ended('bad');
    const [run] = await made(scenario);
    const { uid } = (await scenario.run('first')).metadata;
    expect(run?.spec.origin).toEqual({ type: 'Completion', trigger: 'built', run: 'first', uid });
    const ended = await scenario.ended(run?.metadata.name ?? '');
    expect(outputsOf(ended, 'only')).toEqual({ said: 'build 2.0 Succeeded first' });
    expect(await runsOf(scenario)).toHaveLength(1);
  });

  it.concurrent('counts by how it ended, and by a condition', async ({ scenario }) => {
    await scenario.given(
      source(),
      target([
        { name: 'broken', workflow: 'build', of: ['Failed'], with: { what: '${{ source.reason }}' } },
        { name: 'new', workflow: 'build', when: 'source.parameters.version == "2.0"' },
      ]),
    );
    await counts(scenario);
    await scenario.given(workflowRun('bad', 'build', { divisor: '0' }), workflowRun('old', 'build'));
    await scenario.ended('bad');
    await scenario.ended('old');
    await scenario.given(workflowRun('new', 'build', { version: '2.0' }));
    const runs = await made(scenario, 2);
    const origins = runs.map(({ spec }) => `${spec.origin?.trigger} ${spec.origin?.run}`).sort();
    expect(origins).toEqual(['broken bad', 'new new']);
    expect(runs.find(({ spec }) => spec.origin?.run === 'bad')?.spec.parameters).toEqual([
      { name: 'what', value: 'TaskFailed' },
    ]);
  });

  it.concurrent('counts from when the trigger is there, as it is, and is not suspended', async ({ scenario }) => {
    await scenario.given(source(), workflowRun('before', 'build'));
    await scenario.ended('before');
    const trigger: Completion = { name: 'built', workflow: 'build' };
    await scenario.given(target([{ ...trigger, suspend: true }]));
    await scenario.workflowIs('ship', 'True');
    await scenario.given(workflowRun('meanwhile', 'build'));
    await scenario.ended('meanwhile');
    await scenario.given(target([trigger]));
    await counts(scenario);
    await scenario.given(workflowRun('after', 'build'));
    const [run] = await made(scenario);
    expect(run?.spec.origin?.run).toBe('after');
    expect(await runsOf(scenario)).toHaveLength(1);
  });

  it.concurrent('is that of the last run of a chain, and of no other', FULL, async ({ scenario }) => {
    const again = { when: 'params.divisor < 3', with: { divisor: '${{ params.divisor + 1 }}' } };
    await scenario.given(source('build', { continueAsNew: again }), target([{ name: 'built', workflow: 'build' }]));
    await counts(scenario);
    await scenario.given(workflowRun('chain', 'build'));
    const [run] = await made(scenario);
    expect(run?.spec.origin?.run).toBe('chain-c2');
    await scenario.ended(run?.metadata.name ?? '');
    expect(await runsOf(scenario)).toHaveLength(1);
  });

  it.concurrent('goes in a circle only so often, and says why it stops', FULL, async ({ scenario }) => {
    const build = source('build', { triggers: { completions: [{ name: 'shipped', workflow: 'ship' }] } });
    await scenario.given(build, target([{ name: 'built', workflow: 'build' }]));
    await counts(scenario);
    await counts(scenario, 'build');
    await scenario.given(workflowRun('first', 'build'));
    const events = ['get', 'events.v1.events.k8s.io', '-o', 'jsonpath={range .items[*]}{.reason} {.note}{"\\n"}{end}'];
    const refusal = await scenario.until('the circle ends', async () =>
      (await scenario.kubectl(events)).split('\n').find((line) => line.startsWith('TriggerRefused')),
    );
    expect(refusal).toContain('TooDeep: the run would be nested 9 levels deep');
    expect(await scenario.runs()).toHaveLength(9);
  });

  it.concurrent('starts nothing where a value does not fit, and says so', async ({ scenario }) => {
    const parameters = [{ name: 'count', type: 'Integer' as const, default: 1 }];
    const completion = { name: 'built', workflow: 'build', with: { count: '${{ source.parameters.version }}' } };
    await scenario.given(
      source(),
      target([completion], { parameters, tasks: [{ name: 'only', compute: { a: '1' } }] }),
    );
    await counts(scenario);
    await scenario.given(workflowRun('first', 'build', { version: 'two' }));
    const describe = ['describe', 'awf', 'ship'];
    await scenario.until('an Event says so', async () =>
      (await scenario.kubectl(describe)).includes('trigger "built" started no run after run first: with: "count"'),
    );
    expect(await runsOf(scenario)).toEqual([]);
  });
});

describe('an operator that is killed', () => {
  it('starts exactly one run for each end, though retention keeps neither', async ({ scenario }) => {
    const gone = { retention: { succeeded: { count: 0 } } };
    await scenario.given(source('build', gone), target([{ name: 'built', workflow: 'build' }], gone));
    await counts(scenario);
    const mark = auditLog().mark();
    const count = 24;
    for (let index = 0; index < count; index++) {
      await scenario.given(workflowRun(`run-${index}`, 'build'));
      if (index % 8 === 3) await killOperator();
    }
    await scenario.until('everything has ended and gone', async () => (await scenario.runs()).length === 0);
    const creates = auditLog().since(
      mark,
      ({ user, verb, resource, namespace, code }) =>
        user === OPERATOR_USER &&
        verb === 'create' &&
        resource === 'workflowruns' &&
        namespace === scenario.namespace &&
        code === 201,
    );
    expect(creates).toHaveLength(count);
  });
});
