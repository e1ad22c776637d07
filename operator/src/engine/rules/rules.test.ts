import { describe, expect, it } from 'vitest';
import type { Definition, Task } from '../../api/index.ts';
import { type Fate, Simulation } from '../testing/simulation.ts';

const task = (name: string, rest: Partial<Task> = {}): Task => ({ name, run: 'true', ...rest });

function simulate(tasks: Task[], rest: Partial<Definition> = {}, fates: Record<string, Fate> = {}): Simulation {
  return new Simulation(
    { defaults: { image: 'busybox' }, tasks, ...rest },
    { fate: (path, attempt) => fates[`${path}#${attempt}`] ?? fates[path] ?? { end: 'Succeeded' } },
  );
}

const FAILED: Fate = { end: 'Failed', afterMs: 1000 };
const NEVER: Fate = { end: 'Never' };
const running = (simulation: Simulation): string[] =>
  [...simulation.pods].flatMap(([key, { cancelledAt }]) => (cancelledAt === undefined ? [key] : []));

describe('the rule deadlines', () => {
  it.each([
    ['timeout', { timeout: '5s' }, 5000],
    ['attemptTimeout', { attemptTimeout: '4s' }, 4000],
  ] as const)('asks in the pass that starts an attempt to be woken for its %s', (_name, limits, after) => {
    const simulation = simulate([task('a', limits)], {}, { a: NEVER });
    expect(simulation.pass().wakeAt).toBe(simulation.now + after);
  });

  it('asks in the pass of the first start to be woken for the timeout of the run', () => {
    const simulation = simulate([task('a')], { timeout: '7s' }, { a: NEVER });
    expect(simulation.pass().wakeAt).toBe(simulation.now + 7000);
  });
});

describe('the rule retries', () => {
  it('does not start an item again while others have its place', () => {
    const forEach = { items: [0, 1], parallelism: 1 };
    const retry = { limit: 1, backoff: { duration: '1s' } };
    const simulation = simulate([task('a', { forEach, retry })], {}, { 'a[0]#0': FAILED, 'a[1]': NEVER });
    simulation.pass();
    for (let i = 0; i < 5; i++) {
      simulation.now += 1000;
      simulation.pass();
    }
    expect([...simulation.pods.keys()]).toEqual(['a[0]#0', 'a[1]#0']);
  });
});

describe('the rule timers', () => {
  it('is not needed for a sleep until a time that is past', () => {
    const simulation = simulate([{ name: 'nap', sleep: { until: '2020-01-01T00:00:00Z' } }]);
    expect(simulation.pass().state.finished?.phase).toBe('Succeeded');
    expect(simulation.folded()).toBe(simulation.stored);
  });
});

describe('the rule stopping', () => {
  it('has its turn at once when an item fails inside and failFast ends the others', () => {
    const leaf = { tasks: [task('p')] };
    const each: Task = {
      name: 'a',
      template: { name: 'leaf', kind: 'Local' },
      forEach: { items: [0, 1, 2], failFast: true },
    };
    const rest = { parallelism: 2, library: { 'Local/leaf@': leaf } };
    const simulation = simulate([each], rest, { 'a[0]/p': FAILED, 'a[1]/p': NEVER });
    simulation.pass();
    simulation.now += 1000;
    expect(simulation.pass().more).toBe(true);
    simulation.pass();
    expect([...simulation.pods.keys()]).toEqual(['a[0]/p#0', 'a[1]/p#0']);
    expect(running(simulation)).toEqual(['a[0]/p#0']);
  });
});

describe('the rule desired-state', () => {
  it('lets a run that is too large and terminated be terminated', () => {
    const simulation = simulate([task('a')], {}, { a: NEVER });
    simulation.pass();
    const observed = { desiredState: 'Terminated', attempts: simulation.observe(), overBudget: true } as const;
    expect(simulation.decideOn(observed).state.finished?.reason).toBe('Terminated');
  });
});

describe('the rule stopping, for failFast', () => {
  it('has its turn at once when the failure is that of an item that was stopped itself', () => {
    const loop = { while: 'true', delay: '1h' };
    const forEach = { items: [0, 1, 2], parallelism: 2, failFast: true };
    const simulation = simulate([task('a', { forEach, loop, timeout: '3s' })], {}, { 'a[1]/0': NEVER });
    simulation.pass();
    simulation.now += 1000;
    simulation.pass();
    simulation.now += 2000;
    simulation.pass();
    simulation.now += 1000;
    expect(simulation.run().state.finished?.phase).toBe('Failed');
    expect(simulation.folded()).toBe(simulation.stored);
  });
});

describe('the rule adoption', () => {
  it('takes nothing for a task of a run whose tasks have ended', () => {
    const simulation = simulate([task('a')], { finally: [task('last')] }, { a: NEVER, last: NEVER });
    const lost = simulation.decide();
    simulation.desiredState = 'Cancelled';
    simulation.pass();
    simulation.apply(lost.actions);
    simulation.pass();
    expect(running(simulation)).toEqual(['last#0']);
    expect(simulation.phaseOf('a')).toBe('Waiting');
  });
});

describe('the rule strays', () => {
  const open: Task = { name: 'ship', template: { name: 'leaf', kind: 'Local' } };
  const library = { 'Local/leaf@': { tasks: [task('p')] } };

  it('cancels what a lost decision started and that had no turn when the run ends', () => {
    const simulation = simulate([open], { library }, { 'ship/p': NEVER });
    simulation.apply(simulation.decide().actions);
    const observed = { desiredState: 'Running', attempts: simulation.observe(), overBudget: true } as const;
    expect(running(simulation)).toEqual(['ship/p#0']);
    const decision = simulation.decideOn(observed);
    expect(decision.state.finished?.reason).toBe('StatusTooLarge');
    expect(decision.actions).toMatchObject([{ type: 'Cancel', path: 'ship/p', attempt: 0, backend: 'Pod' }]);
  });

  it('cancels an item that its fan-out has ended without', () => {
    const a = task('a', { forEach: { items: [0, 1], failFast: true } });
    const simulation = simulate([a, task('b')], {}, { 'a[0]': FAILED, 'a[1]': NEVER, b: NEVER });
    const attempts = simulation.observe();
    attempts.set('a[0]#0', { phase: 'Refused', reason: 'PodRejected', message: 'no', retry: false });
    attempts.set('a[1]#0', { phase: 'Pending', since: simulation.now });
    const { state, actions } = simulation.decideOn({ desiredState: 'Running', attempts });
    expect(state.tasks.get('a')?.unit.phase).toBe('Failed');
    expect(state.finished).toBeUndefined();
    expect(actions).toContainEqual(expect.objectContaining({ type: 'Cancel', path: 'a[1]', attempt: 0 }));
  });
});
