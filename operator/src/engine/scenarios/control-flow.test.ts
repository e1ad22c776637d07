import { describe, expect, it } from 'vitest';
import type { Definition, Task } from '../../api/index.ts';
import { countUnits, unitRows } from '../index.ts';
import { resolveLibrary } from '../plan/library.ts';
import { type Fate, Simulation } from '../testing/simulation.ts';

const task = (name: string, rest: Partial<Task> = {}): Task => ({ name, run: 'true', ...rest });
/** A task that does something else than running a script. */
const acting = (name: string, rest: Partial<Task>): Task => ({ name, ...rest });

function workflow(tasks: Task[], rest: Partial<Definition> = {}): Definition {
  const resolved = resolveLibrary({ defaults: { image: 'busybox' }, tasks, ...rest }, () => ({ problem: 'none' }));
  if ('problems' in resolved) throw new Error(JSON.stringify(resolved.problems));
  return resolved.definition;
}

type Fates = Record<string, Fate>;
const simulate = (definition: Definition, fates: Fates = {}) =>
  new Simulation(definition, {
    fate: (path, attempt) => fates[`${path}#${attempt}`] ?? fates[path] ?? { end: 'Succeeded' },
  });

function run(definition: Definition, fates: Fates = {}): Simulation {
  const simulation = simulate(definition, fates).run();
  expect(simulation.folded()).toBe(simulation.stored);
  return simulation;
}

const created = (simulation: Simulation): string[] => [...simulation.pods.keys()];
const outputs = (text: string): Fate => ({ end: 'Succeeded', outputs: text });
const FAILED: Fate = { end: 'Failed' };

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

  it('runs as a graph of its own under the path of its task, and hands its outputs on', () => {
    const simulation = run(definition, { build: outputs('digest=abc'), 'ship/migrate': outputs('rows=3') });
    expect(created(simulation)).toEqual(['build#0', 'ship/migrate#0', 'ship/rollout#0', 'report#0']);
    expect(simulation.started('ship/migrate')).toMatchObject({ rendered: { env: { D: 'abc' } } });
    expect(countUnits(simulation.plan, simulation.state)).toMatchObject({ total: 5, succeeded: 5 });
  });

  it('fails with what failed inside, and keeps the rest from running', () => {
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
  it('carries its state on until it is over', () => {
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

  it('does not begin when while is false, and retries inside of an iteration', () => {
    const never = run(workflow([task('a', { loop: { while: 'iteration > 0' } })]));
    expect([never.phaseOf('a'), created(never)]).toEqual(['Succeeded', []]);
    const retried = run(workflow([task('a', { loop: { while: 'iteration < 2' }, retry: { limit: 1 } })]), {
      'a/1#0': FAILED,
    });
    expect(created(retried)).toEqual(['a/0#0', 'a/1#0', 'a/1#1']);
  });

  it('fails at its last iteration if it is not over, and with an iteration that fails', () => {
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

  it('waits between iterations, and says so', () => {
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

describe('a task without a pod', () => {
  it('sleeps, also while the run is paused', () => {
    const simulation = simulate(workflow([acting('nap', { sleep: { duration: '90s' } })]));
    const { wakeAt = 0 } = simulation.pass();
    expect(wakeAt - simulation.now).toBe(90_000);
    simulation.desiredState = 'Paused';
    simulation.now = wakeAt;
    simulation.pass();
    expect(simulation.phaseOf('nap')).toBe('Succeeded');
    expect(simulation.folded()).toBe(simulation.stored);
  });

  it('is cancelled in its sleep', () => {
    const simulation = simulate(workflow([acting('nap', { sleep: { duration: '1h' } })]));
    simulation.pass();
    simulation.desiredState = 'Cancelled';
    simulation.pass();
    expect(simulation.state.finished?.phase).toBe('Cancelled');
  });

  it('computes values in their declared types', () => {
    const definition = workflow([
      acting('c', { compute: { n: '1 + 1', list: '[1, 2].map(x, x * 2)' }, outputs: [{ name: 'n', type: 'String' }] }),
      task('use', { needs: ['c'], when: "tasks.c.outputs.n == '2' && tasks.c.outputs.list[1] == 4" }),
    ]);
    expect(run(definition).phaseOf('use')).toBe('Succeeded');
  });

  it('generates tasks, which run under it and hand their outputs on by name', () => {
    const definition = workflow([
      task('plan', { outputs: [{ name: 'names', type: 'List' }] }),
      acting('expand', {
        needs: ['plan'],
        generate: {
          tasks: "tasks.plan.outputs.names.map(n, {'name': n, 'run': 'true', 'outputs': [{'name': 'v'}]})",
        },
      }),
      task('use', { needs: ['expand'], when: "tasks.expand.outputs.b.v == '2'" }),
    ]);
    const simulation = run(definition, {
      plan: outputs('names=["a","b"]'),
      'expand/a': outputs('v=1'),
      'expand/b': outputs('v=2'),
    });
    expect(created(simulation)).toEqual(['plan#0', 'expand/a#0', 'expand/b#0', 'use#0']);
  });

  it('refuses generated tasks that are no tasks, and says which field', () => {
    const definition = workflow([
      acting('expand', { generate: { tasks: "[{'name': 'a', 'needs': ['b'], 'run': 'x'}]" } }),
    ]);
    const { unit } = run(definition).state.tasks.get('expand') ?? {};
    expect(unit).toMatchObject({ phase: 'Failed', reason: 'GeneratedInvalid' });
    expect(unit?.message).toContain('needs');
  });
});

describe('a fan-out', () => {
  it('takes its items from sequences, maps and matrices', () => {
    const items = (forEach: Task['forEach']) => created(run(workflow([task('a', { forEach })]))).length;
    expect(items({ sequence: { from: 10, to: 1, step: -3 } })).toBe(4);
    expect(items({ itemsFrom: "{'b': 1, 'a': 2}" })).toBe(2);
    const matrix = {
      axes: { os: ['linux', 'mac'], arch: ['x', 'arm'] },
      exclude: [{ os: 'mac', arch: 'x' }],
      include: [{ os: 'bsd', arch: 'x' }],
    };
    expect(items({ matrix })).toBe(4);
  });

  it('with failFast ends the items that run, and starts no others', () => {
    const definition = workflow([task('a', { forEach: { sequence: { to: 9 }, parallelism: 3, failFast: true } })]);
    const simulation = run(definition, { 'a[0]': { end: 'Never' }, 'a[1]': FAILED, 'a[2]': { end: 'Never' } });
    expect(created(simulation)).toHaveLength(3);
    expect(simulation.state.tasks.get('a')?.unit.reason).toBe('ItemsFailed');
    expect(simulation.state.tasks.get('a')?.fan?.cancelled).toEqual([
      [0, 0],
      [2, 2],
    ]);
  });
});

describe('finally', () => {
  const after = task('after', { env: { R: '${{ run.result }}', F: '${{ run.failures.map(f, f.task) }}' } });

  it.each([
    ['Succeeded', {}, 'Succeeded', '[]'],
    ['Failed', { a: FAILED }, 'Failed', '["a"]'],
  ] as const)('runs when the tasks have %s, and knows it', (_name, fates, result, failures) => {
    const simulation = run(workflow([task('a')], { finally: [after] }), fates);
    expect(simulation.state.finished?.phase).toBe(result);
    expect(simulation.started('after')).toMatchObject({ rendered: { env: { R: result, F: failures } } });
  });

  it('runs after a cancel and after a timeout of the run, but not after a termination', () => {
    const definition = workflow([task('a')], { finally: [after], timeout: '30s' });
    for (const [desired, pods] of [
      ['Cancelled', 2],
      ['Terminated', 1],
      ['Running', 2],
    ] as const) {
      const simulation = simulate(definition, { a: { end: 'Never' } });
      simulation.pass();
      simulation.desiredState = desired;
      simulation.run();
      expect(simulation.pods.size, desired).toBe(pods);
      expect(simulation.state.finished?.reason).toBe(desired === 'Running' ? 'TimedOut' : desired);
    }
  });

  it('fails a run that had succeeded', () => {
    const simulation = run(workflow([task('a')], { finally: [after] }), { after: FAILED });
    expect(simulation.state.finished).toMatchObject({ phase: 'Failed', reason: 'FinallyFailed' });
  });

  it('is over at once when it is terminated', () => {
    const simulation = simulate(workflow([task('a')], { finally: [after] }), { after: { end: 'Never' } });
    for (let i = 0; i < 6; i++) {
      simulation.pass();
      simulation.now += 1000;
    }
    expect(simulation.pods.has('after#0')).toBe(true);
    simulation.desiredState = 'Terminated';
    simulation.pass();
    expect(simulation.state.finished?.phase).toBe('Cancelled');
  });
});

describe('undo', () => {
  const definition = workflow(
    [
      task('a', { undo: { run: 'x', env: { V: '${{ outputs.v }}' } }, outputs: [{ name: 'v' }] }),
      task('b', { needs: ['a'], undo: { run: 'x' } }),
      task('c', { needs: ['b'], undo: { run: 'x' } }),
    ],
    { compensate: ['Failed'], finally: [task('end')] },
  );

  it('undoes what succeeded, the latest first, one after another, before finally', () => {
    const simulation = run(definition, { a: outputs('v=1'), c: FAILED });
    expect(created(simulation)).toEqual(['a#0', 'b#0', 'c#0', 'b.undo#0', 'a.undo#0', 'end#0']);
    expect(simulation.started('a.undo')).toMatchObject({ rendered: { env: { V: '1' } } });
    const at = (path: string) => simulation.pods.get(`${path}#0`)?.created ?? 0;
    expect(at('a.undo')).toBeGreaterThan(at('b.undo'));
    expect(simulation.state.finished?.phase).toBe('Failed');
  });

  it('goes on when one of them fails, and undoes nothing in a run that succeeded', () => {
    const broken = run(definition, { a: outputs('v=1'), c: FAILED, 'b.undo': FAILED });
    expect(created(broken)).toContain('a.undo#0');
    expect(created(run(definition, { a: outputs('v=1') }))).toEqual(['a#0', 'b#0', 'c#0', 'end#0']);
  });
});

describe('hooks', () => {
  it('run at the events of their task, and never change the result', () => {
    const hooks = (['Started', 'Succeeded', 'Failed', 'Finished'] as const).map((event) => ({ event, run: 'x' }));
    const good = run(workflow([task('a', { hooks })]), { 'a.on-succeeded': FAILED });
    expect(created(good).sort()).toEqual(['a#0', 'a.on-finished#0', 'a.on-started#0', 'a.on-succeeded#0']);
    expect(good.state.finished?.phase).toBe('Succeeded');
    const bad = run(workflow([task('a', { hooks, onFailure: 'Continue' })]), { a: FAILED });
    expect(created(bad)).toContain('a.on-failed#0');
    expect(bad.state.finished?.phase).toBe('Succeeded');
  });

  it('that say it by `on`, as definitions of before do, run as those that say it by `event`', () => {
    const when = (field: 'event' | 'on') =>
      (['Started', 'Failed'] as const).map((of) => (field === 'on' ? { on: of, run: 'x' } : { event: of, run: 'x' }));
    const of = (field: 'event' | 'on') =>
      run(workflow([task('a', { hooks: when(field) })], { hooks: when(field) }), { a: FAILED });
    expect(created(of('on'))).toEqual(created(of('event')));
    expect(created(of('on'))).toContain('a.on-failed#0');
    expect(of('on').plan.tasks.get('a.on-failed')?.task).not.toHaveProperty('on');
  });

  it('of the run that were not called for are not counted', () => {
    const hooks = (['Succeeded', 'Failed'] as const).map((event) => ({ event, run: 'x' }));
    const simulation = run(workflow([task('a')], { hooks }));
    expect(created(simulation)).toEqual(['a#0', 'on-succeeded.run#0']);
    expect(countUnits(simulation.plan, simulation.state)).toMatchObject({ total: 2, succeeded: 2, skipped: 0 });
    const rows = unitRows(simulation.plan, simulation.state, { attempts: simulation.observe() });
    expect(rows.map(({ path }) => path)).toEqual(['a', 'on-succeeded.run']);
  });

  it('of the run run at its beginning and at its end', () => {
    const hooks = (['Started', 'Failed', 'Finished'] as const).map((event) => ({ event, run: 'x' }));
    const simulation = run(workflow([task('a')], { hooks }), { a: FAILED });
    expect(created(simulation)).toEqual(['a#0', 'on-started.run#0', 'on-failed.run#0', 'on-finished.run#0']);
  });
});

describe('attempts', () => {
  it('that take too long are stopped and tried again', () => {
    const definition = workflow([task('a', { attemptTimeout: '5s', retry: { limit: 1 } })]);
    const simulation = run(definition, { 'a#0': { end: 'Never' } });
    expect(created(simulation)).toEqual(['a#0', 'a#1']);
    expect(simulation.phaseOf('a')).toBe('Succeeded');
  });
});

describe('retry.otherNode', () => {
  it('hands the nodes of failed attempts to the next one', () => {
    const simulation = simulate(workflow([task('a', { retry: { limit: 2, otherNode: true } })]), {
      'a#0': { end: 'Failed', node: 'n1' },
      'a#1': { end: 'Failed', node: 'n2' },
    }).run();
    expect(simulation.started('a')).toMatchObject({ attempt: 2, rendered: { avoidNodes: ['n1', 'n2'] } });
    expect(simulation.folded()).toBe(simulation.stored);
  });
});

describe('forEach.key', () => {
  it('names the items, and refuses two of one name', () => {
    const named = (items: string[]) => workflow([task('a', { forEach: { items, key: 'item' } })]);
    const simulation = run(named(['x', 'y']));
    const rows = unitRows(simulation.plan, simulation.state, { attempts: new Map() });
    expect(rows.map(({ path, item }) => [path, item])).toEqual([
      ['a[0]', 'x'],
      ['a[1]', 'y'],
    ]);
    expect(run(named(['x', 'x'])).state.tasks.get('a')?.unit.reason).toBe('RepeatedKey');
  });
});

describe('generated tasks that are alike', () => {
  it('take the defaults and the parameters of where they were generated', () => {
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

describe('a sleep that cannot be', () => {
  it.each([
    [{ until: 'tomorrow' }, 'is not a valid time'],
    [{ duration: 'long' }, 'is not a valid duration'],
    [{ duration: '9000h' }, 'the maximum is 365 days'],
  ])('%j fails, and says why', (sleep, words) => {
    const { unit } = run(workflow([acting('nap', { sleep })])).state.tasks.get('nap') ?? {};
    expect(unit).toMatchObject({ phase: 'Failed', reason: 'ExpressionError' });
    expect(unit?.message).toContain(words);
  });

  it('is none when its time is over', () => {
    const simulation = simulate(workflow([acting('nap', { sleep: { until: '2001-01-01T00:00:00+02:00' } })]));
    simulation.pass();
    expect(simulation.state.finished?.phase).toBe('Succeeded');
  });

  it('ends at its time, and not before', () => {
    const simulation = simulate(workflow([acting('nap', { sleep: { duration: '10s' } })]));
    simulation.pass();
    const rows = unitRows(simulation.plan, simulation.state, { attempts: new Map() });
    expect(rows[0]).toMatchObject({ reason: 'Sleeping', until: simulation.now + 10_000 });
    simulation.now += 9_999;
    simulation.pass();
    expect(simulation.phaseOf('nap')).toBe('Open');
    simulation.now += 1;
    simulation.pass();
    expect(simulation.phaseOf('nap')).toBe('Succeeded');
  });
});

describe('a state that grows', () => {
  it('fails its loop at 4 KiB, at the beginning as later', () => {
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

describe('what is said of several failures', () => {
  it('is the first, and how many more', () => {
    const { state } = run(workflow(['a', 'b', 'c'].map((name) => task(name))), { a: FAILED, b: FAILED, c: FAILED });
    expect(state.finished?.message).toBe('task a: ExitCode: exit code 1; 2 more failed');
  });
});

describe('the counts and rows of a stopped fan-out', () => {
  it('tell cancelled items from those that never began', () => {
    const simulation = simulate(workflow([task('a', { forEach: { sequence: { to: 4 }, parallelism: 2 } })]), {
      'a[0]': { end: 'Never' },
      'a[1]': { end: 'Never' },
    });
    simulation.pass();
    simulation.desiredState = 'Cancelled';
    simulation.run();
    const rows = unitRows(simulation.plan, simulation.state, { attempts: new Map() });
    expect(rows.map(({ phase }) => phase)).toEqual(['Cancelled', 'Cancelled', 'Skipped', 'Skipped', 'Skipped']);
    expect(countUnits(simulation.plan, simulation.state)).toMatchObject({ total: 5, skipped: 5, pending: 0 });
  });
});

describe('of more rows than are shown', () => {
  it('failures and what is newest stay', () => {
    const items = 40;
    const forEach = { sequence: { to: items - 1 }, parallelism: 1 };
    const simulation = run(
      workflow([task('a', { forEach, onFailure: 'Continue' }), task('b', { forEach, needs: ['a'] })]),
      {
        'a[3]': FAILED,
      },
    );
    const shown = unitRows(simulation.plan, simulation.state, { attempts: new Map() }).map(({ path }) => path);
    expect(shown).toHaveLength(50);
    expect(shown).toContain('a[3]');
    expect(shown).toContain('b[39]');
    expect(shown).toContain('a[39]');
    expect(shown).not.toContain('a[0]');
  });
});

describe('one pass', () => {
  it('gives the place of an attempt that has ended to the next one', () => {
    const simulation = simulate(workflow([task('a'), task('b')], { parallelism: 1 }));
    simulation.pass();
    expect(created(simulation)).toEqual(['a#0']);
    simulation.now += 1000;
    simulation.pass();
    expect(created(simulation)).toEqual(['a#0', 'b#0']);
  });

  it('finds what a lost decision began of finally, and leaves it until its turn', () => {
    const simulation = simulate(workflow([task('a')], { finally: [task('after')] }));
    simulation.pass();
    const observed = { desiredState: 'Running' as const, attempts: simulation.observe() };
    observed.attempts.set('after#0', { phase: 'Running', startedAt: simulation.now });
    const { events, actions } = simulation.decideOn(observed);
    expect([events, actions]).toEqual([[], []]);
  });
});

describe('the reason of a failure', () => {
  it('is that of the last attempt, not of one before', () => {
    const simulation = simulate(workflow([task('a', { retry: { limit: 1 } })]), {
      'a#0': { end: 'Failed', exitCode: 3 },
      'a#1': { end: 'Failed', exitCode: 4 },
    }).run();
    expect(simulation.state.tasks.get('a')?.unit).toMatchObject({ exitCode: 4, message: 'exit code 4', retries: 1 });
  });
});

describe('a row of a task that waits', () => {
  it('says since when', () => {
    const simulation = simulate(workflow([task('a'), task('b'), task('c', { needs: ['a'] })], { parallelism: 1 }));
    const begun = simulation.now;
    simulation.pass();
    const rows = () => unitRows(simulation.plan, simulation.state, { attempts: new Map() });
    expect(rows().find(({ path }) => path === 'b')).toMatchObject({ reason: 'Parallelism', since: begun });
    simulation.now += 1000;
    simulation.pass();
    expect(rows().find(({ path }) => path === 'b')).toMatchObject({ reason: 'Starting', since: begun + 1000 });
    expect(rows().find(({ path }) => path === 'c')).toMatchObject({ reason: 'Parallelism', since: begun + 1000 });
  });
});

describe('skipped items', () => {
  it('count as skipped, in small and in large fan-outs', () => {
    for (const to of [3, 99]) {
      const { plan, state } = run(workflow([task('a', { when: 'item > 1', forEach: { sequence: { to } } })]));
      expect(countUnits(plan, state)).toMatchObject({ total: to + 1, skipped: 2, succeeded: to - 1 });
    }
  });
});
