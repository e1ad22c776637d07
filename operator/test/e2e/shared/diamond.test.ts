import { createHash } from 'node:crypto';
import { describe, expect } from 'vitest';
import { it, useSharedOperator } from '../../support/e2e.ts';
import { script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, outputsOf, rowOf } from '../../support/scenario.ts';

useSharedOperator();

const DIAMOND = workflow('diamond', {
  parameters: [{ name: 'version', type: 'String', default: '1.0' }],
  defaults: { image: 'busybox:1.36', timeout: '5m' },
  tasks: [
    script('build', 'echo "digest=abc-$VERSION" > $ADO_OUTPUTS', {
      env: { VERSION: '${{ params.version }}' },
      outputs: [{ name: 'digest' }],
    }),
    script('test', 'echo "suite=$SUITE of $DIGEST" > $ADO_OUTPUTS', {
      needs: ['build'],
      forEach: { items: ['unit', 'e2e'], parallelism: 2 },
      env: { SUITE: '${{ item }}', DIGEST: '${{ tasks.build.outputs.digest }}' },
      outputs: [{ name: 'suite' }],
    }),
    script('flaky', 'test "$ADO_ATTEMPT" -ge 1', {
      needs: ['build'],
      retry: { limit: 2, backoff: { duration: '1s' } },
    }),
    script('never', 'exit 1', { needs: ['build'], when: "params.version == '2.0'" }),
    script('join', 'echo "all=$ALL" > $ADO_OUTPUTS', {
      needs: ['test', 'flaky', 'never'],
      env: { ALL: '${{ tasks.test.outputs }}' },
      outputs: [{ name: 'all', type: 'List' }],
    }),
  ],
});

describe('a workflow in restricted pods', () => {
  it.concurrent('runs a diamond with a fan-out, a data dependency, a retry and a false condition to its end', async ({
    scenario,
  }) => {
    await scenario.given(DIAMOND, workflowRun('first', 'diamond', { version: '1.1' }));
    const run = await scenario.ended('first');
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'True' });
    expect(run.status).toMatchObject({ phase: 'Succeeded', progress: '6/6' });
    expect(rowOf(run, 'flaky')).toMatchObject({ phase: 'Succeeded', attempt: 1, retries: 1 });
    expect(rowOf(run, 'never')).toMatchObject({ phase: 'Skipped', reason: 'WhenFalse' });
    expect(run.status?.counts).toMatchObject({ total: 6, succeeded: 5, skipped: 1, failed: 0 });
    const pods = await scenario.pods();
    expect(pods.map((pod) => pod.metadata.annotations?.['flow.ado.dev/task']).sort()).toEqual([
      'build',
      'flaky',
      'flaky',
      'join',
      'test[0]',
      'test[1]',
    ]);
    const [built, joined] = ['build', 'join'].map((path) => outputsOf(run, path));
    expect(built).toEqual({ digest: 'abc-1.1' });
    expect(joined).toEqual({ all: [{ suite: 'unit of abc-1.1' }, { suite: 'e2e of abc-1.1' }] });
  });

  it.concurrent('hands values with quotes, substitutions and newlines to scripts as data and never as code', async ({
    scenario,
  }) => {
    const text = `'; touch /tmp/owned; echo "$(touch /tmp/owned)" \`touch /tmp/owned\` $(ADO_RUN) $$ \\ %s\n&& exit 3`;
    const path = '/tmp/owned';
    await scenario.given(
      workflow('inert', {
        parameters: [{ name: 'text' }],
        tasks: [
          script('shell', `test ! -e ${path} && printf %s "$TEXT" | wc -c | xargs printf 'bytes=%s' > $ADO_OUTPUTS`, {
            env: { TEXT: '${{ params.text }}', WITHIN: 'before ${{ params.text }} after' },
            outputs: [{ name: 'bytes', type: 'Integer' }],
          }),
          {
            name: 'echo',
            container: {
              command: [
                'sh',
                '-c',
                `test ! -e ${path} && printf %s "$1" | md5sum | cut -c1-32 > /tmp/sum && printf sum=%s "$(cat /tmp/sum)" > $ADO_OUTPUTS`,
                'sh',
              ],
              args: ['${{ params.text }}'],
            },
            outputs: [{ name: 'sum' }],
          },
        ],
      }),
      workflowRun('inert', 'inert', { text }),
    );
    const run = await scenario.ended('inert');
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'True' });
    expect(outputsOf(run, 'shell')).toEqual({ bytes: Buffer.byteLength(text) });
    expect(outputsOf(run, 'echo')).toEqual({ sum: createHash('md5').update(text).digest('hex') });
  });
});
