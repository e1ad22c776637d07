import { describe, expect } from 'vitest';
import type { Task, Workflow, WorkflowTemplate } from '../../../src/api/index.ts';
import { CLUSTER_WORKFLOW_TEMPLATES, WORKFLOW_TEMPLATES } from '../../../src/controllers/index.ts';
import { CONTROLLER_REVISIONS } from '../../../src/runtime/index.ts';
import { it, useSharedOperator } from '../../support/e2e.ts';
import { OPERATOR_NAMESPACE } from '../../support/installation.ts';
import { type Manifest, script, template, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, outputsOf, rowOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useSharedOperator();

/** A template that hands on what it was greeted with, in the words of its version. */
const greeting = (version: string, word: string): Manifest =>
  template('greeting', {
    version,
    parameters: [{ name: 'name' }],
    tasks: [
      script('say', 'echo "text=$WORD $NAME" > $ADO_OUTPUTS', {
        env: { WORD: word, NAME: '${{ params.name }}' },
        outputs: [{ name: 'text' }],
      }),
    ],
    outputs: [{ name: 'text', value: 'tasks.say.outputs.text' }],
  });

const greet = (name: string, who: string, version?: string): Task => ({
  name,
  template: { name: 'greeting', ...(version === undefined ? {} : { version }) },
  with: { name: who },
});

const condition = ({ status }: Workflow | WorkflowTemplate, type: string) =>
  status?.conditions?.find((each) => each.type === type);

/** Waits until the condition Ready of a template is about its newest generation and has this reason. */
function templateIs(scenario: Scenario, name: string, reason: string): Promise<WorkflowTemplate> {
  return scenario.until(`WorkflowTemplate ${name} is ${reason}`, async () => {
    const ref = { name, namespace: scenario.namespace };
    const seen = await scenario.client.get<WorkflowTemplate>(WORKFLOW_TEMPLATES, ref);
    const ready = condition(seen, 'Ready');
    return ready?.reason === reason && ready.observedGeneration === seen.metadata.generation && seen;
  });
}

const versions = (of: WorkflowTemplate) => of.status?.versions?.map(({ version }) => version);

describe('a template', () => {
  it.concurrent('is used twice, in two versions, by one workflow', async ({ scenario }) => {
    await scenario.given(greeting('1.0.0', 'hello'));
    await templateIs(scenario, 'greeting', 'Valid');
    await scenario.given(greeting('2.0.0', 'welcome'));
    await scenario.until('both versions are known', async () => {
      return versions(await templateIs(scenario, 'greeting', 'Valid'))?.join() === '2.0.0,1.0.0';
    });
    const both = script('both', 'echo "all=$A, $B" > $ADO_OUTPUTS', {
      needs: ['old', 'new'],
      env: { A: '${{ tasks.old.outputs.text }}', B: '${{ tasks.new.outputs.text }}' },
      outputs: [{ name: 'all' }],
    });
    await scenario.given(
      workflow('uses', { tasks: [greet('old', 'Ann', '1.0.0'), greet('new', 'Bob'), both] }),
      workflowRun('uses', 'uses'),
    );
    const run = await scenario.ended('uses');
    expect(conditionOf(run, 'Succeeded').status).toBe('True');
    expect(outputsOf(run, 'both')).toEqual({ all: 'hello Ann, welcome Bob' });
    const rows = run.status?.tasks?.map(({ path, phase, outputs }) => [path, phase, outputs]);
    expect(rows).toEqual([
      ['old', 'Succeeded', 'text=hello Ann'],
      ['old/say', 'Succeeded', 'text=hello Ann'],
      ['new', 'Succeeded', 'text=welcome Bob'],
      ['new/say', 'Succeeded', 'text=welcome Bob'],
      ['both', 'Succeeded', 'all=hello Ann, welcome Bob'],
    ]);
    expect(rowOf(run, 'old/say')).toMatchObject({ pod: expect.any(String), duration: expect.stringMatching(/s$/) });
    expect((await scenario.podOf('old/say')).metadata.labels?.['flow.ado.dev/workflow']).toBe('uses');
    const table = await scenario.kubectl(['get', 'awt']);
    expect(table).toMatch(/NAME +VERSION +READY +REASON +AGE\ngreeting +2\.0\.0 +True +Valid/);
  });

  it.concurrent('may use others, also those of the cluster, and local ones use it', FULL, async ({ scenario }) => {
    const name = `loud-${scenario.namespace}`;
    const loud: Manifest = {
      ...template(name, {
        version: '1.0.0',
        parameters: [{ name: 'text' }],
        tasks: [{ name: 'shout', compute: { text: 'params.text.upperAscii()' } }],
        outputs: [{ name: 'text', value: 'tasks.shout.outputs.text' }],
      }),
      kind: 'ClusterWorkflowTemplate',
    };
    await scenario.given(loud);
    try {
      const outer = template('outer', {
        version: '1.0.0',
        tasks: [
          greet('greet', 'Ann'),
          {
            name: 'loud',
            needs: ['greet'],
            template: { name, kind: 'ClusterWorkflowTemplate' },
            with: { text: '${{ tasks.greet.outputs.text }}' },
          },
        ],
        outputs: [{ name: 'text', value: 'tasks.loud.outputs.text' }],
      });
      const local = { name: 'local', tasks: [{ name: 'inner', template: { name: 'outer' } }] };
      const outputs = [{ name: 'text', value: 'tasks.inner.outputs.text + "!"' }];
      const show = { name: 'show', needs: ['all'], compute: { text: 'tasks.all.outputs.text' } };
      await scenario.given(
        outer,
        greeting('1.0.0', 'hello'),
        workflow('nested', {
          templates: [{ ...local, outputs }],
          tasks: [{ name: 'all', template: { name: 'local' } }, show],
        }),
        workflowRun('nested', 'nested'),
      );
      const run = await scenario.ended('nested');
      expect(outputsOf(run, 'show')).toEqual({ text: 'HELLO ANN!' });
      await scenario.podOf('all/inner/greet/say');
      const label = { namespace: OPERATOR_NAMESPACE, labelSelector: `flow.ado.dev/template=${name}` };
      expect((await scenario.client.list(CONTROLLER_REVISIONS, label)).items).toHaveLength(1);
    } finally {
      await scenario.client.delete(CLUSTER_WORKFLOW_TEMPLATES, { name });
    }
  });

  it.concurrent('cannot give a version other content, and keeps what the version had', async ({ scenario }) => {
    await scenario.given(greeting('1.0.0', 'hello'));
    const before = await templateIs(scenario, 'greeting', 'Valid');
    await scenario.given(greeting('1.0.0', 'changed'));
    const reused = await templateIs(scenario, 'greeting', 'VersionReused');
    expect(condition(reused, 'Ready')?.message).toContain('raise spec.version');
    expect(condition(reused, 'Stalled')?.status).toBe('True');
    expect(reused.status?.definition).toEqual(before.status?.definition);
    await scenario.given(greeting('1.0.1', 'changed'));
    expect(versions(await templateIs(scenario, 'greeting', 'Valid'))).toEqual(['1.0.1', '1.0.0']);
    await scenario.given(greeting('1.0.0', 'hello'));
    const back = await templateIs(scenario, 'greeting', 'Valid');
    expect(back.status?.definition).toEqual(before.status?.definition);
    expect(condition(back, 'Stalled')).toBeUndefined();
  });

  it.concurrent('that changes is what the next run uses, and starts none by itself', FULL, async ({ scenario }) => {
    await scenario.given(greeting('1.0.0', 'hello'));
    const show = { name: 'show', needs: ['greet'], compute: { text: 'tasks.greet.outputs.text' } };
    const triggers = { onChange: { of: ['Tasks' as const], onCreate: 'Ignore' as const } };
    await scenario.given(
      workflow('follows', { triggers, tasks: [greet('greet', 'Ann'), show] }),
      workflow('pinned', { tasks: [greet('greet', 'Ann', '1.0.0'), show] }),
    );
    const first = (await scenario.workflowIs('follows', 'True')).status?.definition;
    const pinned = (await scenario.workflowIs('pinned', 'True')).status?.definition;
    await scenario.given(greeting('2.0.0', 'welcome'));
    await scenario.until('the workflow has taken the new version up', async () => {
      const { status } = await scenario.workflow('follows');
      return status?.definition !== undefined && status.definition.digest !== first?.digest;
    });
    expect(await scenario.runs()).toEqual([]);
    expect((await scenario.workflow('pinned')).status?.definition).toEqual(pinned);
    await scenario.given(workflowRun('follows', 'follows'), workflowRun('pinned', 'pinned'));
    expect(outputsOf(await scenario.ended('follows'), 'show')).toEqual({ text: 'welcome Ann' });
    expect(outputsOf(await scenario.ended('pinned'), 'show')).toEqual({ text: 'hello Ann' });
  });

  it.concurrent('that is missing is named, and the workflow goes on when it comes', async ({ scenario }) => {
    const outer = template('outer', { version: '1.0.0', tasks: [greet('greet', 'Ann', '1.0.0')] });
    await scenario.given(outer, workflow('waits', { tasks: [{ name: 'all', template: { name: 'outer' } }] }));
    const refused = await scenario.until('the workflow names what is missing', async () => {
      const seen = condition(await scenario.workflow('waits'), 'Ready');
      return seen?.message.includes('greeting') && seen;
    });
    expect(refused.reason).toBe('TemplateNotFound');
    expect(refused.message).toContain('spec.tasks[0].template: ');
    expect(refused.message).toContain(`there is no WorkflowTemplate "greeting" in the namespace ${scenario.namespace}`);
    await templateIs(scenario, 'outer', 'TemplateNotFound');
    await scenario.given(workflowRun('waits', 'waits'), greeting('1.0.0', 'hello'));
    expect(conditionOf(await scenario.ended('waits'), 'Succeeded').status).toBe('True');
  });

  it.concurrent('is judged in its own scope, and its pods by the API server', async ({ scenario }) => {
    const broken = template('broken', {
      version: '1.0.0',
      tasks: [script('a', 'true', { env: { X: '${{ params.version }}' } })],
    });
    const privileged = template('privileged', {
      version: '1.0.0',
      tasks: [script('a', 'true', { securityContext: { privileged: true } })],
    });
    await scenario.given(
      broken,
      privileged,
      workflow('broken', { parameters: [{ name: 'version' }], tasks: [{ name: 'a', template: { name: 'broken' } }] }),
      workflow('refused', { tasks: [{ name: 'a', template: { name: 'privileged' } }] }),
      workflow('with', { tasks: [{ name: 'a', template: { name: 'privileged' }, with: { x: '1' } }] }),
    );
    const message = condition(await templateIs(scenario, 'broken', 'InvalidSpec'), 'Ready')?.message;
    expect(message).toContain('spec.tasks[0].env.X: unknown parameter "version"');
    await scenario.until('the workflow tells why', async () => {
      return condition(await scenario.workflow('broken'), 'Ready')?.message.includes('unknown parameter "version"');
    });
    const pod = await scenario.until('the pod of the template is refused', async () => {
      const seen = condition(await scenario.workflow('refused'), 'Ready');
      return seen?.reason === 'PodRefused' && seen.message;
    });
    expect(pod).toContain('WorkflowTemplate/privileged: spec.tasks[0]: the API server refuses its pod');
    const given = await scenario.until('the value is refused', async () => {
      const seen = condition(await scenario.workflow('with'), 'Ready');
      return seen?.reason === 'InvalidSpec' && seen.message;
    });
    expect(given).toContain('spec.tasks[0].with.x: the template "privileged" has no parameter "x"');
  });
});
