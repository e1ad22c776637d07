import { describe, expect, it } from 'vitest';
import type { Definition, Task } from '../../api/index.ts';
import { countUnits, unitRows } from '../index.ts';
import { type Fate, Simulation } from '../testing/simulation.ts';

const task = (name: string, rest: Partial<Task> = {}): Task => ({ name, run: 'true', ...rest });
const workflow = (tasks: Task[], rest: Partial<Definition> = {}): Definition => ({
  defaults: { image: 'busybox' },
  tasks,
  ...rest,
});
const fates =
  (table: Record<string, Fate>) =>
  (path: string, attempt: number): Fate =>
    table[`${path}#${attempt}`] ?? table[path] ?? { end: 'Succeeded' };

function run(
  definition: Definition,
  table: Record<string, Fate> = {},
  parameters: Record<string, unknown> = {},
): Simulation {
  const simulation = new Simulation(definition, {
    fate: fates(table),
    parameters: parameters as Record<string, never>,
  });
  simulation.run();
  expect(simulation.folded()).toBe(simulation.stored);
  return simulation;
}

describe('a run', () => {
  it('starts a task only after all its needs, and ends when all have ended', () => {
    const diamond = workflow([
      task('d', { needs: ['b', 'c'] }),
      task('b', { needs: ['a'] }),
      task('c', { needs: ['a'] }),
      task('a'),
    ]);
    const simulation = run(diamond);
    expect(simulation.state.finished?.phase).toBe('Succeeded');
    const created = (path: string) => simulation.pods.get(`${path}#0`)?.created ?? 0;
    expect(created('b')).toBe(created('c'));
    expect(created('b')).toBeGreaterThan(created('a'));
    expect(created('d')).toBeGreaterThan(created('b'));
  });

  it('hands outputs to the tasks that refer to them, in their declared types', () => {
    const definition = workflow([
      task('make', { outputs: [{ name: 'n', type: 'Integer' }] }),
      task('use', {
        needs: ['make'],
        when: 'tasks.make.outputs.n + 1 == 42',
        env: { N: '${{ tasks.make.outputs.n }}' },
      }),
    ]);
    const simulation = run(definition, { make: { end: 'Succeeded', outputs: 'n=41' } });
    expect(simulation.phaseOf('use')).toBe('Succeeded');
  });

  it('skips a task whose when is false, and what needs it runs all the same', () => {
    const simulation = run(workflow([task('a', { when: '1 > 2' }), task('b', { needs: ['a'] })]));
    expect(simulation.phaseOf('a')).toBe('Skipped');
    expect(simulation.phaseOf('b')).toBe('Succeeded');
  });

  it('skips what needs a failed task, and what needs that, and fails', () => {
    const simulation = run(workflow([task('a'), task('b', { needs: ['a'] }), task('c', { needs: ['b'] }), task('x')]), {
      a: { end: 'Failed' },
    });
    expect(['a', 'b', 'c', 'x'].map((name) => simulation.phaseOf(name))).toEqual([
      'Failed',
      'Skipped',
      'Skipped',
      'Succeeded',
    ]);
    expect(simulation.state.finished).toMatchObject({ phase: 'Failed', reason: 'TaskFailed' });
    expect(simulation.state.finished?.message).toContain('task a: ExitCode');
  });

  it('goes on after a failure that is allowed, and succeeds', () => {
    const simulation = run(workflow([task('a', { onFailure: 'Continue' }), task('b', { needs: ['a'] })]), {
      a: { end: 'Failed' },
    });
    expect(simulation.phaseOf('b')).toBe('Succeeded');
    expect(simulation.state.finished?.phase).toBe('Succeeded');
  });

  it('runs a task with runIf Failed only after a failure, and one with Always in any case', () => {
    const tasks = [
      task('a'),
      task('undo', { needs: ['a'], runIf: 'Failed' }),
      task('tidy', { needs: ['a'], runIf: 'Always' }),
    ];
    const well = run(workflow(tasks));
    expect([well.phaseOf('undo'), well.phaseOf('tidy')]).toEqual(['Skipped', 'Succeeded']);
    const badly = run(workflow(tasks), { a: { end: 'Failed' } });
    expect([badly.phaseOf('undo'), badly.phaseOf('tidy')]).toEqual(['Succeeded', 'Succeeded']);
    expect(badly.state.finished?.phase).toBe('Failed');
  });

  it('fails a task whose expression cannot be evaluated, and says why', () => {
    const definition = workflow([
      task('make', { outputs: [{ name: 'n', optional: true }] }),
      task('use', { needs: ['make'], env: { N: '${{ tasks.make.outputs.n }}' } }),
    ]);
    const simulation = run(definition);
    expect(simulation.state.tasks.get('use')?.unit.reason).toBe('ExpressionError');
    expect(simulation.state.tasks.get('use')?.unit.message).toBe(
      'env.N: the task "make" is Succeeded and has no output "n"; check has(tasks.make.outputs.n) first, or read tasks.make.outputs.?n.orValue(...) (column 21 of:  tasks.make.outputs.n )',
    );
    expect(simulation.pods.has('use#0')).toBe(false);
  });
});

describe('retries', () => {
  const retry = { limit: 2, backoff: { duration: '5s', factor: 2, cap: '1m' } };

  it('try again after a growing wait until the limit, and keep both counters apart', () => {
    const simulation = run(workflow([task('a', { retry })]), { a: { end: 'Failed' }, 'a#2': { end: 'Succeeded' } });
    expect(simulation.phaseOf('a')).toBe('Succeeded');
    const at = (n: number) => simulation.pods.get(`a#${n}`)?.created ?? 0;
    expect([at(1) - at(0), at(2) - at(1)]).toEqual([1000 + 5000, 1000 + 10_000]);
    expect(simulation.state.tasks.get('a')?.unit).toMatchObject({ attempt: 2, retries: 2, infra: 0 });
  });

  it('end at the limit', () => {
    const simulation = run(workflow([task('a', { retry })]), { a: { end: 'Failed' } });
    expect(simulation.phaseOf('a')).toBe('Failed');
    expect(simulation.pods.size).toBe(3);
  });

  it('are asked by when, with the exit code', () => {
    const when = { limit: 5, when: 'exitCode != 2' };
    const simulation = run(workflow([task('a', { retry: when })]), {
      a: { end: 'Failed', exitCode: 1 },
      'a#1': { end: 'Failed', exitCode: 2 },
    });
    expect(simulation.pods.size).toBe(2);
    expect(simulation.phaseOf('a')).toBe('Failed');
  });

  it('of infrastructure failures are free, five times', () => {
    const well = run(workflow([task('a')]), { a: { end: 'Infrastructure' }, 'a#5': { end: 'Succeeded' } });
    expect(well.phaseOf('a')).toBe('Succeeded');
    expect(well.state.tasks.get('a')?.unit).toMatchObject({ retries: 0, infra: 5 });
    const badly = run(workflow([task('a')]), { a: { end: 'Lost' } });
    expect(badly.state.tasks.get('a')?.unit.reason).toBe('InfrastructureFailure');
    expect(badly.pods.size).toBe(6);
  });
});

describe('a fan-out', () => {
  it('runs once for each item within its parallelism, and gives its outputs in order with null for a skipped item', () => {
    const definition = workflow([
      task('f', {
        forEach: { items: ['x', 'skip', 'y'], parallelism: 1 },
        when: "item != 'skip'",
        outputs: [{ name: 'v' }],
      }),
      task('g', {
        needs: ['f'],
        when: "size(tasks.f.outputs) == 3 && tasks.f.outputs[1] == null && tasks.f.outputs[2].v == 'Y'",
      }),
    ]);
    const simulation = run(definition, {
      ...{ 'f[0]': { end: 'Succeeded', outputs: 'v=X' }, 'f[2]': { end: 'Succeeded', outputs: 'v=Y' } },
    });
    expect(simulation.phaseOf('g')).toBe('Succeeded');
    expect([...simulation.pods.keys()]).toEqual(['f[0]#0', 'f[2]#0', 'g#0']);
    const [first, second] = [...simulation.pods.values()];
    expect(second?.created).toBeGreaterThanOrEqual((first?.created ?? 0) + 1000);
  });

  it.each([
    ['above one that is not seen yet', 1, [5]],
    ['in any order', 1, [5, 3]],
    ['before the fan-out itself is recorded', 0, [1]],
  ])('loses no item and starts none twice when pods of some are found %s after a crash', (_what, stored, found) => {
    const items = [0, 1, 2, 3, 4, 5];
    const simulation = new Simulation(workflow([task('f', { forEach: { items, parallelism: 3 } })]));
    for (let pass = 0; pass < stored; pass++) {
      simulation.pass();
      simulation.now += 1000;
    }
    simulation.apply(simulation.decide().actions);
    const all = new Map(simulation.pods);
    const isUnseen = (index: number) => index >= stored * 3 && !found.includes(index);
    for (const index of items.filter(isUnseen)) simulation.pods.delete(`f[${index}]#0`);
    for (const index of found) simulation.pods.delete(`f[${index}]#0`);
    for (const index of found) simulation.pods.set(`f[${index}]#0`, all.get(`f[${index}]#0`)!);
    simulation.pass();
    for (const [key, pod] of all) if (!simulation.pods.has(key)) simulation.pods.set(key, pod);
    simulation.run();
    expect(simulation.folded()).toBe(simulation.stored);
    expect(simulation.state.tasks.get('f')?.fan?.succeeded).toEqual([[0, 5]]);
    expect([...simulation.pods.values()].filter(({ cancelledAt }) => cancelledAt !== undefined)).toEqual([]);
    expect([...simulation.pods.keys()].sort()).toEqual(items.map((index) => `f[${index}]#0`));
  });

  it('of nothing succeeds with no items', () => {
    const simulation = run(
      workflow([task('f', { forEach: { items: [] } }), task('g', { needs: ['f'], when: 'tasks.f.outputs == []' })]),
    );
    expect([simulation.phaseOf('f'), simulation.phaseOf('g')]).toEqual(['Succeeded', 'Succeeded']);
  });

  it('fails when an item fails, after all items have run, and names the first', () => {
    const simulation = run(workflow([task('f', { forEach: { items: [1, 2, 3] } })]), { 'f[1]': { end: 'Failed' } });
    expect(simulation.phaseOf('f')).toBe('Failed');
    expect(simulation.state.tasks.get('f')?.unit.message).toContain('1 of 3 items failed; the first: f[1]');
    expect(simulation.pods.size).toBe(3);
  });

  it('of 2,000 items stays small in state, never exceeds the parallelism of the run, and shows at most 50 rows', () => {
    const items = Array.from({ length: 2000 }, (_, i) => i);
    const simulation = new Simulation(workflow([task('f', { forEach: { items } })], { parallelism: 50 }));
    let largest = 0;
    for (let i = 0; !simulation.state.finished && i < 1000; i++) {
      const decision = simulation.pass();
      largest = Math.max(largest, simulation.stored.length);
      const live = [...simulation.pods.values()].filter(
        (pod) => !pod.gone && pod.created + 1000 > simulation.now,
      ).length;
      expect(live).toBeLessThanOrEqual(50);
      expect(unitRows(simulation.plan, simulation.state, { attempts: new Map() }).length).toBeLessThanOrEqual(50);
      if (!decision.more) simulation.now = simulation.nextMoment(decision);
    }
    expect(simulation.state.finished?.phase).toBe('Succeeded');
    expect(countUnits(simulation.plan, simulation.state)).toMatchObject({ total: 2000, succeeded: 2000 });
    expect(largest).toBeLessThan(8 * 1024);
    expect(simulation.folded()).toBe(simulation.stored);
  });
});

describe('desiredState', () => {
  it('Paused lets what runs go on and starts nothing new, and the timeout of the run stands still', () => {
    const simulation = new Simulation(workflow([task('a'), task('b', { needs: ['a'] })], { timeout: '10s' }));
    simulation.pass();
    simulation.desiredState = 'Paused';
    simulation.now += 1000;
    simulation.pass();
    expect([simulation.phaseOf('a'), simulation.phaseOf('b')]).toEqual(['Succeeded', 'Waiting']);
    simulation.now += 3_600_000;
    simulation.pass();
    expect(simulation.state.stop).toBeUndefined();
    simulation.desiredState = 'Running';
    simulation.run();
    expect(simulation.state.finished?.phase).toBe('Succeeded');
    expect(simulation.folded()).toBe(simulation.stored);
  });

  it('Cancelled ends pods with grace, waits for them, and starts nothing', () => {
    const simulation = new Simulation(workflow([task('a'), task('b', { needs: ['a'] })]), {
      fate: () => ({ end: 'Never' }),
    });
    simulation.pass();
    simulation.desiredState = 'Cancelled';
    expect(simulation.pass(), 'the order is stored before the pod is told').toMatchObject({ actions: [], more: true });
    const decision = simulation.pass();
    expect(decision.actions).toMatchObject([{ type: 'Cancel', path: 'a', attempt: 0, backend: 'Pod' }]);
    expect(decision.state.finished).toBeUndefined();
    simulation.now += 1000;
    simulation.run();
    expect(simulation.state.finished).toMatchObject({ phase: 'Cancelled', reason: 'Cancelled' });
    expect(simulation.pods.size).toBe(1);
    expect(simulation.folded()).toBe(simulation.stored);
  });

  it('Terminated ends everything in one pass', () => {
    const simulation = new Simulation(workflow([task('a')]), { fate: () => ({ end: 'Never' }) });
    simulation.pass();
    simulation.desiredState = 'Terminated';
    const decision = simulation.pass();
    expect(decision.actions).toMatchObject([{ type: 'Cancel', path: 'a', attempt: 0, graceSeconds: 1 }]);
    expect(decision.state.finished).toMatchObject({ phase: 'Cancelled', reason: 'Terminated' });
  });
});

describe('time', () => {
  it('ends a task at its timeout, and never judges late what ended in time', () => {
    const late = run(workflow([task('a', { timeout: '5s' })]), { a: { end: 'Never' } });
    expect(late.state.tasks.get('a')?.unit.reason).toBe('TimedOut');
    const outage = new Simulation(workflow([task('a', { timeout: '5s' })], { timeout: '6s' }));
    outage.pass();
    outage.now += 3_600_000;
    outage.pass();
    expect(outage.state.finished?.phase).toBe('Succeeded');
  });

  it('ends the run at its timeout', () => {
    const simulation = run(workflow([task('a')], { timeout: '5s' }), { a: { end: 'Never' } });
    expect(simulation.state.finished).toMatchObject({ phase: 'Failed', reason: 'TimedOut' });
  });

  it('that goes backwards never makes events go backwards', () => {
    const simulation = new Simulation(workflow([task('a'), task('b', { needs: ['a'] })]));
    simulation.now += 60_000;
    simulation.pass();
    const { t } = simulation.state;
    simulation.now -= 300_000;
    for (const pod of simulation.pods.values()) pod.fate = { end: 'Succeeded', afterMs: -400_000 };
    simulation.pass();
    expect(simulation.state.t).toBeGreaterThanOrEqual(t);
    expect(simulation.phaseOf('a')).toBe('Succeeded');
  });
});

describe('a crash', () => {
  it('between creates and the report: the pods are adopted and none is made twice', () => {
    const simulation = new Simulation(workflow([task('a'), task('b')]));
    const lost = simulation.decide();
    simulation.apply(lost.actions, 1);
    simulation.run();
    expect([...simulation.pods.values()].map((pod) => pod.creates)).toEqual([1, 1]);
    expect(simulation.history.some((text) => text.startsWith('["S"') && text.endsWith('true]'))).toBe(true);
    expect(simulation.folded()).toBe(simulation.stored);
  });
});
