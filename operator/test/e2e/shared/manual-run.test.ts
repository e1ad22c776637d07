import { describe, expect } from 'vitest';
import { it, useSharedOperator } from '../../support/e2e.ts';
import { script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, outputsOf } from '../../support/scenario.ts';

useSharedOperator();

const TYPED = workflow('typed', {
  parameters: [
    { name: 'text' },
    { name: 'count', type: 'Integer', default: 3 },
    { name: 'share', type: 'Number', default: 0.5 },
    { name: 'loud', type: 'Boolean', default: false },
    { name: 'names', type: 'List', default: ['a'] },
    { name: 'more', type: 'Object', default: { depth: { of: 1 } } },
  ],
  tasks: [
    script('show', 'printf "%s\n" "$ALL" > $ADO_OUTPUTS', {
      when: 'params.count + 1 > 1 && !params.loud',
      env: {
        ALL: '{"text": "${{ params.text }}", "twice": ${{ params.count * 2 }}, "share": ${{ params.share }}, "names": ${{ params.names }}, "depth": ${{ params.more.depth.of }}}',
      },
      outputs: [
        { name: 'text' },
        { name: 'twice', type: 'Integer' },
        { name: 'share', type: 'Number' },
        { name: 'names', type: 'List' },
        { name: 'depth', type: 'Integer' },
      ],
    }),
  ],
});

describe('a run by hand', () => {
  it.concurrent('takes typed parameters over defaults, is owned by its Workflow and names who asked', async ({
    scenario,
  }) => {
    const asked = workflowRun('typed', 'typed', { text: 'hi', count: '21', names: '["x","y"]' });
    const requester = { username: 'ada@example.org' };
    await scenario.given(TYPED, { ...asked, spec: { ...(asked.spec as object), requester } });
    const run = await scenario.ended('typed');
    expect(conditionOf(run, 'Succeeded').status).toBe('True');
    expect(outputsOf(run, 'show')).toEqual({ text: 'hi', twice: 42, share: 0.5, names: ['x', 'y'], depth: 1 });
    expect(run.status?.requester).toEqual({ ...requester, attested: false });
    const { uid } = (await scenario.workflow('typed')).metadata;
    expect(run.metadata.ownerReferences).toMatchObject([{ kind: 'Workflow', name: 'typed', uid, controller: true }]);
    const labelled = ['get', 'awr', '-l', 'flow.ado.dev/workflow=typed'];
    await scenario.until('the run has the label of its Workflow', async () =>
      (await scenario.kubectl(labelled)).includes('typed '),
    );
    expect(await scenario.kubectl(labelled)).toMatch(/typed .*Succeeded .*1\/1/);
  });

  const WRONG = [
    { what: 'a required one is missing', given: {}, says: /text.*required|required.*text|missing/ },
    { what: 'one does not fit its type', given: { text: 'a', count: 'many' }, says: /count/ },
    { what: 'one is unknown', given: { text: 'a', colour: 'red' }, says: /colour/ },
    { what: 'a list is no JSON', given: { text: 'a', names: 'a,b' }, says: /names/ },
  ];
  it.concurrent.for(WRONG)(
    'fails for good with InvalidParameters when $what',
    async ({ given, says }, { scenario }) => {
      await scenario.given(TYPED, workflowRun('wrong', 'typed', given as Record<string, string>));
      const run = await scenario.ended('wrong');
      expect(run.status?.phase).toBe('Failed');
      const why = { reason: 'InvalidParameters', message: expect.stringMatching(says) };
      expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'False', ...why });
      expect(conditionOf(run, 'Stalled')).toMatchObject({ status: 'True', ...why });
      expect(await scenario.pods()).toEqual([]);
    },
  );

  it.concurrent('waits for its Workflow, says so, and starts when it is there', async ({ scenario }) => {
    await scenario.given(workflowRun('early', 'late'));
    const waiting = await scenario.runIs('early', 'waits', ({ status }) => status?.phase === 'Pending');
    expect(conditionOf(waiting, 'Succeeded')).toMatchObject({ status: 'Unknown', reason: 'WorkflowNotFound' });
    await scenario.given(workflow('late', { tasks: [script('only', 'true')] }));
    const run = await scenario.ended('early');
    expect(conditionOf(run, 'Succeeded').status).toBe('True');
  });

  it.concurrent('executes the definition that it was accepted with, whatever the Workflow becomes', async ({
    scenario,
  }) => {
    const of = (text: string) =>
      workflow('moving', {
        tasks: [
          script('first', 'until test -e /tmp/now; do sleep 0.2; done'),
          script('second', `echo text=${text} > $ADO_OUTPUTS`, { needs: ['first'], outputs: [{ name: 'text' }] }),
        ],
      });
    await scenario.given(of('old'), workflowRun('moving', 'moving'));
    const pod = await scenario.podRuns('first');
    await scenario.given(of('new'));
    await scenario.workflowIs('moving', 'True');
    await scenario.kubectl(['exec', pod.metadata.name, '--', 'touch', '/tmp/now']);
    expect(outputsOf(await scenario.ended('moving'), 'second')).toEqual({ text: 'old' });
  });
});
