import { afterAll, describe, expect } from 'vitest';
import { loadProgramImage, PROGRAM_IMAGE } from '../../../hack/program-image.ts';
import { it, useOperator } from '../../support/e2e.ts';
import { objectsOf } from '../../support/examples.ts';
import { CLUSTER_NAME } from '../../support/installation.ts';
import { IMAGE, type Manifest, script, workflow, workflowRun } from '../../support/manifests.ts';
import { ACCESS_KEY, S3Server, SECRET_KEY } from '../../support/s3-server.ts';
import { outputsOf, rowOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

let server: S3Server;

useOperator({
  flags: async ({ hostAddress }) => {
    await loadProgramImage(CLUSTER_NAME);
    server = await S3Server.start('0.0.0.0');
    return ['--artifact-store', server.location('e2e', hostAddress), '--artifact-image', PROGRAM_IMAGE];
  },
});
afterAll(() => server.stop());

const store = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'ado-artifacts' },
  stringData: { accessKey: ACCESS_KEY, secretKey: SECRET_KEY },
};
const made = (name: string, more: object = {}) => ({ artifacts: { outputs: [{ name, ...more }] } });
const messageOf = async (scenario: Scenario, run: string, task: string) =>
  rowOf(await scenario.ended(run), task)?.message;

describe('artifacts', () => {
  it.concurrent('go from task to task: files, folders, those of a fan-out, of a loop and inside of a template', async ({
    scenario,
  }) => {
    const template = {
      name: 'twice',
      defaults: { image: IMAGE },
      tasks: [
        script('make', 'echo inner > /ado/artifacts/word', made('word')),
        script('take', 'test "$(cat /ado/artifacts/word)" = inner', {
          needs: ['make'],
          artifacts: { inputs: [{ name: 'word', from: 'make.word' }] },
        }),
      ],
    };
    await scenario.given(
      store,
      workflow('hand-on', {
        templates: [template],
        tasks: [
          script('make', 'mkdir -p /ado/artifacts/tree/deep; echo leaf > /ado/artifacts/tree/deep/leaf', made('tree')),
          script('each', 'echo "$ITEM" > /ado/artifacts/part', {
            forEach: { items: ['a', 'b'] },
            env: { ITEM: '${{ item }}' },
            ...made('part'),
          }),
          script('poll', 'echo "$N" > /ado/artifacts/count', {
            loop: { until: 'iteration >= 1' },
            env: { N: '${{ iteration }}' },
            ...made('count'),
          }),
          { name: 'inner', template: { name: 'twice' } },
          script(
            'take',
            'printf "leaf=%s\nparts=%s\ncount=%s" "$(cat /ado/artifacts/t/deep/leaf)" "$(cat /ado/artifacts/parts/0 /ado/artifacts/parts/1 | tr -d "\\n")" "$(cat /ado/artifacts/count)" > $ADO_OUTPUTS',
            {
              needs: ['make', 'each', 'poll', 'inner'],
              artifacts: {
                inputs: [
                  { name: 'tree', from: 'make.tree', path: 't' },
                  { name: 'parts', from: 'each.part' },
                  { name: 'count', from: 'poll.count' },
                ],
              },
              outputs: [{ name: 'leaf' }, { name: 'parts' }, { name: 'count' }],
            },
          ),
        ],
      }),
      workflowRun('hand-on', 'hand-on'),
    );
    const run = await scenario.ended('hand-on');
    expect(run.status?.phase, JSON.stringify(run.status?.tasks)).toBe('Succeeded');
    expect(outputsOf(run, 'take')).toEqual({ leaf: 'leaf', parts: 'ab', count: '1' });
  });

  it.concurrent('of the attempt that succeeded are taken, not those of the one before', async ({ scenario }) => {
    await scenario.given(
      store,
      workflow('again', {
        tasks: [
          script('make', 'echo "$ADO_ATTEMPT" > /ado/artifacts/n; test "$ADO_ATTEMPT" -ge 1', {
            retry: { limit: 1 },
            ...made('n'),
          }),
          script('take', 'echo "n=$(cat /ado/artifacts/n)" > $ADO_OUTPUTS', {
            needs: ['make'],
            artifacts: { inputs: [{ name: 'n', from: 'make.n' }] },
            outputs: [{ name: 'n' }],
          }),
        ],
      }),
      workflowRun('again', 'again'),
    );
    expect(outputsOf(await scenario.ended('again'), 'take')).toEqual({ n: '1' });
  });

  it.concurrent('that were not made fail their task, which may be tried again', FULL, async ({ scenario }) => {
    await scenario.given(
      store,
      workflow('missing', {
        tasks: [
          script('never', 'true', made('word')),
          script('late', 'test "$ADO_ATTEMPT" -ge 1 && echo x > /ado/artifacts/word; true', {
            retry: { limit: 1, when: "reason == 'ArtifactFailed'" },
            ...made('word'),
          }),
        ],
      }),
      workflowRun('missing', 'missing'),
    );
    const run = await scenario.ended('missing');
    expect(rowOf(run, 'never')).toMatchObject({ reason: 'ArtifactFailed' });
    expect(await messageOf(scenario, 'missing', 'never')).toContain('there is nothing at /ado/artifacts/word');
    expect(JSON.stringify(run.status)).toContain('"late"');
    expect(rowOf(run, 'late')?.phase).toBe('Succeeded');
  });

  it.concurrent(
    'do not hold up a run that is cancelled for longer than their task may take',
    FULL,
    async ({ scenario }) => {
      await scenario.given(
        store,
        workflow('deaf', {
          tasks: [
            script('make', 'trap "" TERM; sleep 600 & wait; wait; sleep 600', {
              terminationGracePeriodSeconds: 2,
              ...made('word'),
            }),
          ],
        }),
        workflowRun('deaf', 'deaf'),
      );
      await scenario.podRuns('make');
      const started = performance.now();
      await scenario.kubectl([
        'patch',
        'workflowruns.flow.ado.dev',
        'deaf',
        '--type',
        'merge',
        '-p',
        '{"spec":{"desiredState":"Cancelled"}}',
      ]);
      await scenario.ended('deaf');
      expect(performance.now() - started).toBeLessThan(60_000);
    },
  );

  it.concurrent('go through the example of the guide, examples/artifacts', FULL, async ({ scenario }) => {
    await scenario.given(store, ...objectsOf('artifacts', 'workflow.yaml'));
    const started = async () => (await scenario.workflow('build-and-test')).status?.lastApplied?.run;
    const run = await scenario.ended(await scenario.until('the trigger starts a run', started));
    expect(run.status?.phase, JSON.stringify(run.status?.tasks)).toBe('Succeeded');
    expect(outputsOf(run, 'report')).toEqual({ hits: '1 1 ' });
  });

  it.concurrent('of a run that is retried are made again where they are needed again', FULL, async ({ scenario }) => {
    await scenario.given(
      store,
      workflow('retried', {
        tasks: [
          script('make', 'echo "of $ADO_RUN" > /ado/artifacts/word', made('word')),
          script('take', 'echo "word=$(cat /ado/artifacts/word)" > $ADO_OUTPUTS; test "$ADO_RUN" = second', {
            needs: ['make'],
            artifacts: { inputs: [{ name: 'word', from: 'make.word' }] },
            outputs: [{ name: 'word' }],
          }),
        ],
      }),
      workflowRun('first', 'retried'),
    );
    expect((await scenario.ended('first')).status?.phase).toBe('Failed');
    const second = workflowRun('second', 'retried') as Manifest & { spec: object };
    await scenario.given({ ...second, spec: { ...second.spec, from: { run: 'first', mode: 'Retry' } } });
    const run = await scenario.ended('second');
    expect(run.status?.phase, JSON.stringify(run.status?.tasks)).toBe('Succeeded');
    expect(outputsOf(run, 'take')).toEqual({ word: 'of second' });
  });
});
