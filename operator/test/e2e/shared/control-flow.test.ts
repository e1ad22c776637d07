import { describe, expect } from 'vitest';
import { it, useSharedOperator } from '../../support/e2e.ts';
import { IMAGE, script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, outputsOf, phasesOf, rowOf } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useSharedOperator();

describe('a template', () => {
  it.concurrent('runs as a graph of its own, in another template too, and hands its outputs on', async ({
    scenario,
  }) => {
    const run = await scenario.ran(
      workflow('flow', {
        tasks: [
          script('build', 'echo digest=abc > $ADO_OUTPUTS', { outputs: [{ name: 'digest' }] }),
          {
            name: 'ship',
            needs: ['build'],
            template: { name: 'deploy' },
            with: { digest: '${{ tasks.build.outputs.digest }}', replicas: '3' },
          },
          script('report', 'test "$TEXT" = "abc is on 3"', {
            needs: ['ship'],
            env: { TEXT: '${{ tasks.ship.outputs.text }}' },
          }),
        ],
        templates: [
          {
            name: 'deploy',
            parameters: [{ name: 'digest' }, { name: 'replicas', type: 'Integer', default: 1 }],
            defaults: { image: IMAGE },
            tasks: [
              {
                name: 'rollout',
                template: { name: 'roll' },
                with: { to: '${{ params.digest }}', count: '${{ params.replicas }}' },
              },
              script('check', 'test "$TEXT"', {
                needs: ['rollout'],
                env: { TEXT: '${{ tasks.rollout.outputs.text }}' },
              }),
            ],
            outputs: [{ name: 'text', value: 'tasks.rollout.outputs.text' }],
          },
          {
            name: 'roll',
            parameters: [{ name: 'to' }, { name: 'count', type: 'Integer' }],
            defaults: { image: IMAGE },
            tasks: [
              script('apply', 'echo "text=$TO is on $COUNT" > $ADO_OUTPUTS', {
                env: { TO: '${{ params.to }}', COUNT: '${{ params.count }}' },
                outputs: [{ name: 'text' }],
              }),
            ],
            outputs: [{ name: 'text', value: 'tasks.apply.outputs.text' }],
          },
        ],
      }),
    );
    expect(phasesOf(run)).toEqual({
      build: 'Succeeded',
      ship: 'Succeeded',
      'ship/check': 'Succeeded',
      'ship/rollout': 'Succeeded',
      'ship/rollout/apply': 'Succeeded',
      report: 'Succeeded',
    });
    expect(run.status).toMatchObject({ progress: '6/6' });
    expect(await scenario.podPaths()).toEqual(['build', 'report', 'ship/check', 'ship/rollout/apply']);
  });

  it.concurrent('fails with what failed inside', FULL, async ({ scenario }) => {
    const run = await scenario.ran(
      workflow('flow', {
        tasks: [{ name: 'ship', template: { name: 'deploy' } }, script('after', 'true', { needs: ['ship'] })],
        templates: [
          {
            name: 'deploy',
            defaults: { image: IMAGE },
            tasks: [script('migrate', 'exit 9'), script('next', 'true', { needs: ['migrate'] })],
          },
        ],
      }),
    );
    expect(rowOf(run, 'ship')).toMatchObject({ phase: 'Failed', reason: 'TasksFailed' });
    expect(rowOf(run, 'ship').message).toMatch(/migrate: ExitCode.*9/);
    expect(rowOf(run, 'after')).toMatchObject({ phase: 'Skipped', reason: 'NeedFailed' });
  });
});

describe('a fan-out', () => {
  it.concurrent('takes items from a list, an expression, a map, a sequence and a matrix', async ({ scenario }) => {
    const matrix = {
      axes: { os: ['linux', 'mac'], arch: ['x86', 'arm'] },
      exclude: [{ os: 'mac', arch: 'x86' }],
      include: [{ os: 'bsd', arch: 'x86' }],
    };
    const names = {
      list: 'tasks.list.outputs.map(o, o.v)',
      expression: 'tasks.expression.outputs.map(o, o.v)',
      map: 'tasks.map.outputs.map(o, o.v)',
      sequence: 'tasks.sequence.outputs.map(o, o.v)',
      matrix: 'tasks.matrix.outputs.map(o, o.v)',
      none: 'tasks.none.outputs',
      some: 'tasks.some.outputs',
    };
    const run = await scenario.ran(
      workflow('flow', {
        parameters: [{ name: 'regions', type: 'List', default: ['eu', 'us'] }],
        tasks: [
          { name: 'list', forEach: { items: ['a', { b: 1 }] }, compute: { v: 'item' } },
          { name: 'expression', forEach: { itemsFrom: 'params.regions' }, compute: { v: 'item' } },
          {
            name: 'map',
            forEach: { itemsFrom: "{'blue': 1, 'amber': 2}" },
            compute: { v: "item.key + '=' + string(item.value)" },
          },
          { name: 'sequence', forEach: { sequence: { from: 9, to: 1, step: -4 } }, compute: { v: 'item' } },
          { name: 'matrix', forEach: { matrix }, compute: { v: "item.os + '/' + item.arch" } },
          { name: 'none', forEach: { itemsFrom: '[]' }, compute: { v: 'item' } },
          {
            name: 'some',
            forEach: { items: [1, 2, 3] },
            when: 'item != 2',
            compute: { v: 'item' },
          },
          { name: 'all', needs: Object.keys(names), compute: names },
        ],
      }),
    );
    expect(outputsOf(run, 'all')).toEqual({
      list: ['a', { b: 1 }],
      expression: ['eu', 'us'],
      map: ['amber=2', 'blue=1'],
      sequence: [9, 5, 1],
      // Axes change in the order of their names, the last one fastest: x86 has no mac, then arm; what is included is last.
      matrix: ['linux/x86', 'linux/arm', 'mac/arm', 'bsd/x86'],
      none: [],
      some: [{ v: 1 }, null, { v: 3 }],
    });
    expect(await scenario.pods()).toEqual([]);
  });

  it.concurrent(
    'hands on outputs in the order of its items, however they end, within its parallelism',
    FULL,
    async ({ scenario }) => {
      const run = await scenario.ran(
        workflow('flow', {
          tasks: [
            script('wait', 'sleep "$SECONDS_TO_WAIT"; echo "of=$SECONDS_TO_WAIT" > $ADO_OUTPUTS', {
              forEach: { items: [3, 1, 0], parallelism: 2 },
              env: { SECONDS_TO_WAIT: '${{ item }}' },
              outputs: [{ name: 'of', type: 'Integer' }],
            }),
            script('join', 'test "$ALL" = "[3,1,0]"', {
              needs: ['wait'],
              env: { ALL: '${{ tasks.wait.outputs.map(o, o.of) }}' },
            }),
          ],
        }),
      );
      expect(conditionOf(run, 'Succeeded').status).toBe('True');
      const at = (path: string, what: 'startedAt' | 'finishedAt') => Date.parse(rowOf(run, path)[what] ?? '');
      expect(at('wait[1]', 'finishedAt')).toBeLessThan(at('wait[0]', 'finishedAt'));
      expect(at('wait[2]', 'startedAt')).toBeGreaterThanOrEqual(at('wait[1]', 'finishedAt'));
    },
  );

  it.concurrent('hands on far more than a status holds to one task, from the pages of its history', async ({
    scenario,
  }) => {
    const text = 'x'.repeat(200);
    const run = await scenario.ran(
      workflow('flow', {
        parameters: [{ name: 'text', default: text }],
        tasks: [
          { name: 'each', forEach: { sequence: { to: 699 } }, compute: { v: "params.text + '-' + string(index)" } },
          {
            name: 'join',
            needs: ['each'],
            compute: {
              whole: 'tasks.each.outputs.filter(o, o.v.size() > 201).size()',
              some: "[0, 557, 699].map(n, tasks.each.outputs[n].v.split('-')[1])",
            },
          },
          script('read', `test "$COUNT" = 700 && test "$SOME" = '["0","557","699"]' && test "$LAST" = "$TEXT-699"`, {
            needs: ['join'],
            env: {
              COUNT: '${{ tasks.join.outputs.whole }}',
              SOME: '${{ tasks.join.outputs.some }}',
              LAST: '${{ tasks.each.outputs[699].v }}',
              TEXT: '${{ params.text }}',
            },
          }),
        ],
      }),
    );
    expect(phasesOf(run)).toMatchObject({ join: 'Succeeded', read: 'Succeeded' });
    expect(run.status?.journal?.pages).toBeGreaterThan(6);
  });

  it.concurrent('hands on an empty list where it was skipped, and is joined with others', async ({ scenario }) => {
    const run = await scenario.ran(
      workflow('flow', {
        tasks: [
          { name: 'skipped', when: 'false', forEach: { items: [1, 2] }, compute: { v: 'item' } },
          script('left', 'echo "host=$HOST" > $ADO_OUTPUTS', {
            forEach: { items: ['a'] },
            env: { HOST: '${{ item }}' },
            outputs: [{ name: 'host' }],
          }),
          { name: 'right', forEach: { items: [1] }, compute: { port: 'item' } },
          {
            name: 'join',
            needs: ['skipped', 'left', 'right'],
            compute: { all: 'tasks.skipped.outputs + tasks.left.outputs + tasks.right.outputs' },
          },
        ],
      }),
    );
    expect(phasesOf(run)).toMatchObject({ skipped: 'Skipped', join: 'Succeeded' });
    expect(outputsOf(run, 'join')).toEqual({ all: [{ host: 'a' }, { port: 1 }] });
  });

  it.concurrent('with failFast ends the items that run and starts no others', FULL, async ({ scenario }) => {
    const run = await scenario.ran(
      workflow('flow', {
        defaults: { terminationGracePeriodSeconds: 1 },
        tasks: [
          script('race', 'if [ "$INDEX" = 1 ]; then exit 3; fi; sleep 600', {
            forEach: { sequence: { to: 4 }, parallelism: 2, failFast: true },
            env: { INDEX: '${{ index }}' },
          }),
        ],
      }),
    );
    expect(phasesOf(run)).toMatchObject({ 'race[0]': 'Cancelled', 'race[1]': 'Failed' });
    expect(rowOf(run, 'race[0]').reason).toBe('FailFast');
    // The pod of the first is gone where it had not begun.
    expect(['race[0],race[1]', 'race[1]']).toContain(String(await scenario.podPaths()));
  });
});

describe('generated tasks', () => {
  it.concurrent('run under the task that makes them, need one another, and use templates', async ({ scenario }) => {
    const run = await scenario.ran(
      workflow('flow', {
        tasks: [
          script('plan', `echo 'names=["api","web"]' > $ADO_OUTPUTS`, { outputs: [{ name: 'names', type: 'List' }] }),
          {
            name: 'expand',
            needs: ['plan'],
            generate: {
              tasks:
                "tasks.plan.outputs.names.map(n, {'name': n, 'template': {'name': 'build'}, 'with': {'of': n}})" +
                " + [{'name': 'last', 'needs': tasks.plan.outputs.names, 'compute': {'text': 'tasks.api.outputs.image + tasks.web.outputs.image'}}]",
            },
          },
          script('use', 'test "$TEXT" = "api:1web:1"', {
            needs: ['expand'],
            env: { TEXT: '${{ tasks.expand.outputs.last.text }}' },
          }),
        ],
        templates: [
          {
            name: 'build',
            parameters: [{ name: 'of' }],
            defaults: { image: IMAGE },
            tasks: [
              script('image', 'echo "image=$OF:1" > $ADO_OUTPUTS', {
                env: { OF: '${{ params.of }}' },
                outputs: [{ name: 'image' }],
              }),
            ],
            outputs: [{ name: 'image', value: 'tasks.image.outputs.image' }],
          },
        ],
      }),
    );
    expect(conditionOf(run, 'Succeeded').status, JSON.stringify(run.status?.tasks)).toBe('True');
    expect(await scenario.podPaths()).toEqual(['expand/api/image', 'expand/web/image', 'plan', 'use']);
  });

  it.concurrent('that are no tasks fail the task, which names the field', async ({ scenario }) => {
    const run = await scenario.ran(
      workflow('flow', {
        tasks: [{ name: 'expand', generate: { tasks: "[{'name': 'a', 'run': 'true', 'needs': ['elsewhere']}]" } }],
      }),
    );
    const row = rowOf(run, 'expand');
    expect(row).toMatchObject({ phase: 'Failed', reason: 'GeneratedInvalid' });
    expect(row.message).toContain('needs');
    expect(await scenario.pods()).toEqual([]);
  });
});

describe('a loop', () => {
  it.concurrent('carries its state from pod to pod until it is over', async ({ scenario }) => {
    const run = await scenario.ran(
      workflow('flow', {
        tasks: [
          script(
            'page',
            'printf "next=%s\nlast=%s\n" $((CURSOR + 5)) $([ "$CURSOR" -ge 10 ] && echo true || echo false) > $ADO_OUTPUTS',
            {
              loop: { state: { cursor: '0' }, next: { cursor: 'outputs.next' }, until: 'outputs.last' },
              env: { CURSOR: '${{ state.cursor }}' },
              outputs: [
                { name: 'next', type: 'Integer' },
                { name: 'last', type: 'Boolean' },
              ],
            },
          ),
          { name: 'use', needs: ['page'], compute: { cursor: 'tasks.page.outputs.cursor' } },
        ],
      }),
    );
    expect(outputsOf(run, 'use')).toEqual({ cursor: 15 });
    expect(await scenario.podPaths()).toEqual(['page/0', 'page/1', 'page/2']);
  });

  it.concurrent(
    'of a template goes round with a delay, and says at which iteration it is',
    FULL,
    async ({ scenario }) => {
      const started = Date.now();
      await scenario.given(
        workflow('poll', {
          tasks: [
            {
              name: 'poll',
              template: { name: 'ask' },
              with: { n: '${{ iteration }}' },
              loop: { while: 'iteration < 2', delay: '3s' },
            },
          ],
          templates: [
            {
              name: 'ask',
              parameters: [{ name: 'n', type: 'Integer' }],
              defaults: { image: IMAGE },
              tasks: [script('one', 'test "$N" -le 1', { env: { N: '${{ params.n }}' } })],
            },
          ],
        }),
        workflowRun('poll', 'poll'),
      );
      const waits = await scenario.taskIs('poll', 'poll', 'waits', ({ reason }) => reason === 'LoopDelay');
      expect(waits).toMatchObject({ phase: 'Running', message: 'iteration 1 waits' });
      expect(Date.parse(waits.until ?? '')).toBeGreaterThan(started);
      const run = await scenario.ended('poll');
      expect(conditionOf(run, 'Succeeded').status).toBe('True');
      expect(await scenario.podPaths()).toEqual(['poll/0/one', 'poll/1/one']);
      const [first, second] = ['poll/0/one', 'poll/1/one'].map((path) => scenario.podOf(path));
      const time = (pod: Awaited<typeof first>) => Date.parse(String(pod?.metadata.creationTimestamp));
      expect(time(await second) - time(await first)).toBeGreaterThanOrEqual(3000);
    },
  );

  it.concurrent('that does not end fails at its last iteration', FULL, async ({ scenario }) => {
    const run = await scenario.ran(
      workflow('flow', {
        tasks: [{ name: 'spin', compute: { n: 'iteration' }, loop: { until: 'outputs.n > 100', maxIterations: 7 } }],
      }),
    );
    expect(rowOf(run, 'spin')).toMatchObject({ phase: 'Failed', reason: 'MaxIterations' });
    expect(rowOf(run, 'spin').message).toContain('7 iterations');
  });
});

describe('a sleep', () => {
  it.concurrent('takes as long as it says, by duration and by time, and no pod', async ({ scenario }) => {
    const until = new Date(Date.now() + 8000).toISOString();
    await scenario.given(
      workflow('nap', {
        parameters: [{ name: 'until' }],
        tasks: [
          { name: 'nap', sleep: { duration: '3s' } },
          { name: 'wake', sleep: { until: '${{ params.until }}' } },
        ],
      }),
      workflowRun('nap', 'nap', { until }),
    );
    const run = await scenario.ended('nap');
    const { startedAt = '', finishedAt = '' } = rowOf(run, 'nap');
    expect(Date.parse(finishedAt) - Date.parse(startedAt)).toBeGreaterThanOrEqual(2000);
    expect(Date.parse(rowOf(run, 'wake').finishedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(until) - 1000);
    expect(await scenario.pods()).toEqual([]);
  });
});

describe('hooks', () => {
  it.concurrent('run at the events of tasks and of the run, and never change the result', async ({ scenario }) => {
    const on = (...events: ('Started' | 'Succeeded' | 'Failed' | 'Finished')[]) =>
      events.map((event) => ({ event, run: 'exit 5' }));
    const run = await scenario.ran(
      workflow('flow', {
        hooks: on('Started', 'Succeeded', 'Failed', 'Finished'),
        tasks: [
          script('good', 'true', { hooks: on('Started', 'Succeeded', 'Failed') }),
          script('bad', 'false', { onFailure: 'Continue', hooks: on('Failed', 'Finished') }),
        ],
      }),
    );
    expect(conditionOf(run, 'Succeeded').status).toBe('True');
    expect(await scenario.podPaths()).toEqual([
      'bad',
      'bad.on-failed',
      'bad.on-finished',
      'good',
      'good.on-started',
      'good.on-succeeded',
      'on-finished.run',
      'on-started.run',
      'on-succeeded.run',
    ]);
  });
});

describe('an output that is declared', () => {
  it.concurrent('and not written fails its task, and no reader', async ({ scenario }) => {
    const run = await scenario.ran(
      workflow('flow', {
        tasks: [
          script('silent', 'true', { outputs: [{ name: 'url' }] }),
          script('reader', 'true', { needs: ['silent'], env: { URL: '${{ tasks.silent.outputs.url }}' } }),
        ],
      }),
    );
    expect(rowOf(run, 'silent').reason).toBe('OutputMissing');
    expect(rowOf(run, 'reader').reason).toBe('NeedFailed');
  });

  it.concurrent('optional may be missing, and a script writes ${{ as $${{', async ({ scenario }) => {
    const run = await scenario.ran(
      workflow('flow', {
        tasks: [
          script('silent', "echo 'text=$${{ secrets.TOKEN }}' > $ADO_OUTPUTS", {
            outputs: [{ name: 'url', optional: true }, { name: 'text' }],
          }),
          {
            name: 'reader',
            needs: ['silent'],
            compute: { url: "tasks.silent.outputs.?url.orValue('none')", text: 'tasks.silent.outputs.text' },
          },
        ],
      }),
    );
    expect(outputsOf(run, 'reader')).toEqual({ url: 'none', text: '${{ secrets.TOKEN }}' });
  });
});
