import { describe, expect } from 'vitest';
import { ANNOTATION_TASK, LABEL_RUN, type WorkflowRunStatus } from '../../../src/api/index.ts';
import { it, useSharedOperator } from '../../support/e2e.ts';
import { objectsOf } from '../../support/examples.ts';
import { script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useSharedOperator();

type From = { run: string; mode: 'Retry' | 'Rerun' | 'Fork'; task?: string; definition?: 'Latest' };

function repeating(name: string, of: string, from: From, parameters?: Record<string, string>) {
  const run = workflowRun(name, of, parameters);
  return { ...run, spec: { ...(run.spec as object), from } };
}

/** `c` fails unless the parameter says otherwise; `a` hands on a value that every attempt would make anew. */
const SERIES = workflow('series', {
  parameters: [{ name: 'good', default: 'no' }],
  tasks: [
    script('a', 'echo "v=$(cat /proc/sys/kernel/random/uuid)" > $ADO_OUTPUTS', { outputs: [{ name: 'v' }] }),
    script('b', '[ "$ITEM" != 1 ] || [ "$GOOD" = yes ]', {
      forEach: { items: [0, 1, 2] },
      env: { ITEM: '${{ item }}', GOOD: '${{ params.good }}' },
    }),
    script('c', 'echo "v=$V" > $ADO_OUTPUTS', {
      needs: ['a', 'b'],
      env: { V: '${{ tasks.a.outputs.v }}' },
      outputs: [{ name: 'v' }],
    }),
  ],
});

const tasksOf = async (scenario: Scenario, run: string): Promise<(string | undefined)[]> =>
  (await scenario.pods())
    .filter(({ metadata }) => metadata.labels?.[LABEL_RUN] === run)
    .map(({ metadata }) => metadata.annotations?.[ANNOTATION_TASK])
    .sort();

const rowsOf = (status: WorkflowRunStatus | undefined) =>
  (status?.tasks ?? []).map(({ path, phase, from }) => [path, phase, from]);

describe('after a failure', () => {
  it.concurrent('a retry repeats only what did not succeed, also when the first run is gone', async ({ scenario }) => {
    await scenario.given(SERIES, workflowRun('first', 'series'));
    expect((await scenario.ended('first')).status?.phase).toBe('Failed');
    await scenario.given(repeating('second', 'series', { run: 'first', mode: 'Retry' }));
    const second = await scenario.ended('second');
    expect(second.status?.origin).toMatchObject({ run: 'first', root: 'first', attempt: 2 });
    expect(second.status?.phase).toBe('Failed');
    expect(await tasksOf(scenario, 'second')).toEqual(['b[1]']);
    await scenario.kubectl(['delete', 'awr', 'first']);
    await scenario.given(repeating('third', 'series', { run: 'second', mode: 'Fork', task: 'b' }, { good: 'yes' }));
    const third = await scenario.ended('third');
    expect(third.status?.phase).toBe('Succeeded');
    expect(third.status?.origin).toMatchObject({ run: 'second', root: 'first', attempt: 3 });
    expect(rowsOf(third.status)).toContainEqual(['a', 'Succeeded', 'second/a']);
  });

  it.concurrent('a fork takes over far more outputs than one event holds, before it starts anything', async ({
    scenario,
  }) => {
    const much = workflow('much', {
      parameters: [
        { name: 'text', default: 'x'.repeat(200) },
        { name: 'good', default: 'no' },
      ],
      tasks: [
        { name: 'each', forEach: { sequence: { to: 399 } }, compute: { v: "params.text + '-' + string(index)" } },
        script('read', '[ "$GOOD" = yes ] && [ "$COUNT" = 400 ] && [ "$LAST" = "$TEXT-399" ]', {
          needs: ['each'],
          env: {
            COUNT: '${{ tasks.each.outputs.filter(o, o.v.size() > 201).size() }}',
            LAST: '${{ tasks.each.outputs[399].v }}',
            TEXT: '${{ params.text }}',
            GOOD: '${{ params.good }}',
          },
        }),
      ],
    });
    await scenario.given(much, workflowRun('first', 'much'));
    expect((await scenario.ended('first')).status?.phase).toBe('Failed');
    await scenario.given(repeating('again', 'much', { run: 'first', mode: 'Fork', task: 'read' }, { good: 'yes' }));
    const again = await scenario.ended('again');
    expect(again.status?.phase).toBe('Succeeded');
    expect(again.status?.origin).toMatchObject({ run: 'first' });
    expect(again.status?.origin?.repeated).toBeUndefined();
    expect(await tasksOf(scenario, 'again')).toEqual(['read']);
  });

  it.concurrent('a rerun repeats everything with the same parameters, and takes others', FULL, async ({ scenario }) => {
    await scenario.given(SERIES, workflowRun('one', 'series', { good: 'yes' }));
    await scenario.ended('one');
    await scenario.given(
      repeating('same', 'series', { run: 'one', mode: 'Rerun' }),
      repeating('other', 'series', { run: 'one', mode: 'Rerun' }, { good: 'no' }),
    );
    expect((await scenario.ended('same')).status?.phase).toBe('Succeeded');
    expect((await scenario.ended('other')).status?.phase).toBe('Failed');
    expect(await tasksOf(scenario, 'same')).toEqual(['a', 'b[0]', 'b[1]', 'b[2]', 'c']);
  });

  it.concurrent('what cannot be repeated is refused with the remedy', async ({ scenario }) => {
    await scenario.given(SERIES, workflowRun('base', 'series', { good: 'yes' }));
    await scenario.ended('base');
    await scenario.given(
      repeating('nobody', 'series', { run: 'gone', mode: 'Rerun' }),
      repeating('nowhere', 'series', { run: 'base', mode: 'Fork', task: 'zzz' }),
    );
    for (const [name, words] of [
      ['nobody', 'WorkflowRun gone not found'],
      ['nowhere', 'no task zzz; it has: a, b, c'],
    ] as const) {
      const condition = conditionOf(await scenario.ended(name), 'Succeeded');
      expect(condition).toMatchObject({ status: 'False', reason: 'InvalidOrigin' });
      expect(condition.message).toContain(words);
    }
    const withValues = repeating('values', 'series', { run: 'base', mode: 'Retry' }, { good: 'no' });
    await expect(scenario.given(withValues)).rejects.toThrow(/a retry uses the parameters of the run/);
    const without = repeating('without', 'series', { run: 'base', mode: 'Fork' });
    await expect(scenario.given(without)).rejects.toThrow(/mode Fork requires task/);
  });

  it.concurrent('the example ends as its words say', FULL, async ({ scenario }) => {
    const objects = (file: string) => objectsOf('after-a-failure', file);
    await scenario.given(...objects('workflow.yaml'), ...objects('run.yaml'));
    await scenario.ended('monday');
    await scenario.given(...objects('retry.yaml'), ...objects('fork.yaml'));
    expect((await scenario.ended('monday-retried')).status?.phase).toBe('Failed');
    expect((await scenario.ended('monday-with-rows')).status?.phase).toBe('Succeeded');
    expect(await tasksOf(scenario, 'monday-with-rows')).toEqual(['load']);
  });
});
