import { describe, expect, it } from 'vitest';
import { countUnits, unitRows } from '../index.ts';
import { acting, created, FAILED, outputs, run, simulate, task, workflow } from '../testing/whole-run.ts';

describe('a template', () => {
  const deploy = {
    name: 'deploy',
    parameters: [{ name: 'digest' }],
    tasks: [
      task('migrate', { env: { D: '${{ params.digest }}' }, outputs: [{ name: 'rows', type: 'Integer' as const }] }),
      task('rollout', { needs: ['migrate'] }),
    ],
    outputs: [{ name: 'rows', type: 'Integer' as const, value: 'tasks.migrate.outputs.rows' }],
  };
  const definition = workflow(
    [
      task('build', { outputs: [{ name: 'digest' }] }),
      acting('ship', {
        needs: ['build'],
        template: { name: 'deploy' },
        with: { digest: '${{ tasks.build.outputs.digest }}' },
      }),
      task('report', { needs: ['ship'], when: 'tasks.ship.outputs.rows == 3' }),
    ],
    { templates: [deploy] },
  );

  it('runs as a graph of its own under the path of its task, and passes its outputs on', () => {
    const simulation = run(definition, { build: outputs('digest=abc'), 'ship/migrate': outputs('rows=3') });
    expect(created(simulation)).toEqual(['build#0', 'ship/migrate#0', 'ship/rollout#0', 'report#0']);
    expect(simulation.started('ship/migrate')).toMatchObject({ rendered: { env: { D: 'abc' } } });
    expect(countUnits(simulation.plan, simulation.state)).toMatchObject({ total: 5, succeeded: 5 });
  });

  it('fails with the task that failed inside, and skips the others', () => {
    const simulation = run(definition, { build: outputs('digest=abc'), 'ship/migrate': FAILED });
    expect(simulation.state.tasks.get('ship')?.unit).toMatchObject({ phase: 'Failed', reason: 'TasksFailed' });
    expect(simulation.state.failures.get('ExitCode')).toBe(1);
    expect(simulation.phaseOf('report')).toBe('Skipped');
  });

  it('is stopped with everything inside when its timeout passes', () => {
    const slow = workflow([acting('ship', { template: { name: 't' }, timeout: '5s' })], {
      templates: [{ name: 't', tasks: [task('a'), task('b', { needs: ['a'] })] }],
    });
    const simulation = run(slow, { 'ship/b': { end: 'Never' } });
    expect(simulation.state.tasks.get('ship')?.unit).toMatchObject({ phase: 'Failed', reason: 'TimedOut' });
    expect(simulation.pods.get('ship/b#0')?.cancelledAt).toBeDefined();
  });

  it.each([
    ['for each item', { forEach: { items: ['x'] } }, 'a[0]/in#0'],
    ['in a loop', { loop: { while: 'iteration < 1' } }, 'a/0/in#0'],
  ])('%s begins in the pass that opens it', (_name, how, first) => {
    const definition = workflow([acting('a', { template: { name: 't' }, ...how })], {
      templates: [{ name: 't', defaults: { image: 'busybox' }, tasks: [task('in')] }],
    });
    const simulation = simulate(definition);
    simulation.pass();
    expect(created(simulation)).toEqual([first]);
  });

  it('can be run for each item, and templates can use templates', () => {
    const nested = workflow(
      [acting('each', { template: { name: 'outer' }, forEach: { items: ['x', 'y'] }, with: { n: '${{ item }}' } })],
      {
        templates: [
          { name: 'outer', parameters: [{ name: 'n' }], tasks: [acting('in', { template: { name: 'inner' } })] },
          { name: 'inner', tasks: [task('leaf', { forEach: { sequence: { from: 1, to: 2 } } })] },
        ],
      },
    );
    const simulation = run(nested);
    expect(created(simulation).sort()).toEqual([
      'each[0]/in/leaf[0]#0',
      'each[0]/in/leaf[1]#0',
      'each[1]/in/leaf[0]#0',
      'each[1]/in/leaf[1]#0',
    ]);
    expect(countUnits(simulation.plan, simulation.state)).toMatchObject({ total: 8, succeeded: 8 });
  });
});

describe('a loop', () => {
  it('carries its state from iteration to iteration until it ends', () => {
    const definition = workflow([
      task('poll', {
        loop: {
          state: { cursor: '0' },
          next: { cursor: 'outputs.next' },
          until: 'outputs.last',
        },
        env: { CURSOR: '${{ state.cursor }}' },
        outputs: [
          { name: 'next', type: 'Integer' },
          { name: 'last', type: 'Boolean' },
        ],
      }),
      task('use', { needs: ['poll'], when: 'tasks.poll.outputs.cursor == 9' }),
    ]);
    const simulation = run(definition, {
      'poll/0': outputs('next=4\nlast=false'),
      'poll/1': outputs('next=9\nlast=true'),
    });
    expect(created(simulation)).toEqual(['poll/0#0', 'poll/1#0', 'use#0']);
    expect(simulation.started('poll/1')).toMatchObject({ rendered: { env: { CURSOR: '4' } } });
  });

  it('does not begin when `while` is false, and retries within an iteration', () => {
    const never = run(workflow([task('a', { loop: { while: 'iteration > 0' } })]));
    expect([never.phaseOf('a'), created(never)]).toEqual(['Succeeded', []]);
    const retried = run(workflow([task('a', { loop: { while: 'iteration < 2' }, retry: { limit: 1 } })]), {
      'a/1#0': FAILED,
    });
    expect(created(retried)).toEqual(['a/0#0', 'a/1#0', 'a/1#1']);
  });

  it('fails if its last iteration does not end it, and with an iteration that fails', () => {
    const endless = run(
      workflow([acting('a', { compute: { x: 'iteration' }, loop: { until: 'false', maxIterations: 7 } })]),
    );
    expect(endless.state.tasks.get('a')?.unit.reason).toBe('MaxIterations');
    const broken = run(workflow([task('a', { loop: { until: 'false' } })]), { 'a/1': FAILED });
    expect(broken.state.tasks.get('a')?.unit.reason).toBe('IterationFailed');
  });

  it('of thousands of computations ends in bounded passes and a bounded state', () => {
    const definition = workflow([
      acting('sum', {
        compute: { next: 'state.total + iteration' },
        loop: {
          state: { total: '0' },
          next: { total: 'outputs.next' },
          until: 'iteration == 1999',
          maxIterations: 2000,
        },
      }),
      task('use', { needs: ['sum'], when: 'tasks.sum.outputs.total == 1999000' }),
    ]);
    const simulation = simulate(definition);
    let longest = 0;
    for (let i = 0; i < 200 && !simulation.state.finished; i++) {
      simulation.pass();
      simulation.now += 1000;
      longest = Math.max(longest, simulation.stored.length);
    }
    expect(simulation.phaseOf('use')).toBe('Succeeded');
    expect(longest).toBeLessThan(2000);
    expect(simulation.folded()).toBe(simulation.stored);
  });

  it('waits between iterations, and shows it', () => {
    const simulation = simulate(workflow([task('a', { loop: { while: 'iteration < 2', delay: '1m' } })]));
    simulation.pass();
    simulation.now += 2000;
    const decision = simulation.pass();
    const rows = unitRows(simulation.plan, simulation.state, { attempts: simulation.observe() });
    expect(rows[0]).toMatchObject({ path: 'a', phase: 'Running', reason: 'LoopDelay' });
    expect(decision.wakeAt).toBeGreaterThan(simulation.now + 50_000);
    simulation.run();
    expect(created(simulation)).toEqual(['a/0#0', 'a/1#0']);
  });
});

describe('the state of a loop', () => {
  it('fails the loop above 4 KiB, in the first iteration and later', () => {
    const ten = '[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]';
    const source = `${ten}.map(i, ${ten}.map(j, ${ten}.map(k, 1234567)))`;
    const loops = [
      { state: { v: source }, until: 'true' },
      { state: { v: '0' }, next: { v: source }, until: 'iteration > 3' },
    ];
    for (const loop of loops) {
      const { unit } = run(workflow([acting('a', { compute: { x: '1' }, loop })])).state.tasks.get('a') ?? {};
      expect(unit).toMatchObject({ phase: 'Failed', reason: 'LoopStateTooLarge' });
    }
  });
});

describe('generated tasks with the same text', () => {
  it('take the defaults and parameters of the template that generates them', () => {
    const generated = { tasks: "[{'name': 'x', 'run': 'true', 'env': {'N': '${{ params.n }}'}}]" };
    const template = (name: string, image: string) => ({
      name,
      parameters: [{ name: 'n' }],
      defaults: { image },
      tasks: [acting('gen', { generate: generated })],
    });
    const definition = workflow(
      [
        acting('a', { template: { name: 'one' }, with: { n: '1' } }),
        acting('b', { template: { name: 'two' }, with: { n: '2' } }),
      ],
      { templates: [template('one', 'image-one'), template('two', 'image-two')] },
    );
    const simulation = run(definition);
    expect(simulation.started('a/gen/x')).toMatchObject({ rendered: { image: 'image-one', env: { N: '1' } } });
    expect(simulation.started('b/gen/x')).toMatchObject({ rendered: { image: 'image-two', env: { N: '2' } } });
  });
});
