import { describe, expect, it } from 'vitest';
import type { Definition, Task } from '../../api/index.ts';
import { unitRows } from '../index.ts';
import { repeating } from '../testing/repeating.ts';
import { type Fate, Simulation } from '../testing/simulation.ts';
import { needsHistory } from './copies.ts';

const task = (name: string, rest: Partial<Task> = {}): Task => ({ name, run: 'true', ...rest });
const workflow = (tasks: Task[]): Definition => ({ defaults: { image: 'busybox' }, tasks });

const fateOf =
  (fates: Record<string, Fate>) =>
  (path: string): Fate =>
    fates[path] ?? { end: 'Succeeded' };

const run = (definition: Definition, fates: Record<string, Fate>): Simulation =>
  ended(new Simulation(definition, { fate: fateOf(fates) }));

function ended(simulation: Simulation): Simulation {
  simulation.run();
  expect(simulation.folded()).toBe(simulation.stored);
  return simulation;
}

/** A run that repeats another, from a task on or what did not succeed. */
const repeat = (first: Simulation, fates: Record<string, Fate>, from?: string): Simulation =>
  ended(repeating(first, { fate: fateOf(fates), ...(from === undefined ? {} : { task: from }) }).second);

const created = (simulation: Simulation): string[] => [...simulation.pods.keys()];

describe('a retry', () => {
  it('runs what did not succeed, and takes the rest over with its outputs', () => {
    const definition = workflow([
      task('a', { outputs: [{ name: 'v' }] }),
      task('b', { needs: ['a'] }),
      task('c', { needs: ['a'], when: "tasks.a.outputs.v == '7'", env: { V: '${{ tasks.a.outputs.v }}' } }),
      task('d', { needs: ['b', 'c'] }),
    ]);
    const first = run(definition, { a: { end: 'Succeeded', outputs: 'v=7' }, c: { end: 'Failed' } });
    const second = repeat(first, {});
    expect(created(second)).toEqual(['c#0', 'd#0']);
    expect(second.started('c')).toMatchObject({ rendered: { env: { V: '7' } } });
    expect(second.state.tasks.get('a')?.unit).toMatchObject({ phase: 'Succeeded', from: 'run/a' });
    expect(second.state.finished?.phase).toBe('Succeeded');
  });

  it('keeps the good items of a fan-out, and their outputs in their places', () => {
    const definition = workflow([
      task('each', { forEach: { items: [0, 1, 2, 3] }, outputs: [{ name: 'v', type: 'Integer' }] }),
      task('sum', { needs: ['each'], when: 'tasks.each.outputs.map(o, o.v) == [0, 1, 2, 3]' }),
    ]);
    const value = (n: number): Fate => ({ end: 'Succeeded', outputs: `v=${n}` });
    const good = { 'each[0]': value(0), 'each[1]': value(1), 'each[2]': value(2), 'each[3]': value(3) };
    const first = run(definition, { ...good, 'each[1]': { end: 'Failed' }, 'each[3]': { end: 'Failed' } });
    const second = repeat(first, good);
    expect(created(second)).toEqual(['each[1]#0', 'each[3]#0', 'sum#0']);
    expect(second.phaseOf('sum')).toBe('Succeeded');
  });

  it('says of the items that it takes over where they come from, and by what name, also when it is retried itself', () => {
    const forEach = { items: ['x', 'y', 'z'], key: 'item' };
    const first = run(workflow([task('each', { forEach })]), { 'each[1]': { end: 'Failed' } });
    const second = repeat(first, { 'each[1]': { end: 'Failed' } });
    const third = repeat(second, {});
    for (const [each, from] of [
      [second, 'run'],
      [third, 'again'],
    ] as const) {
      const rows = unitRows(each.plan, each.state, { attempts: new Map() });
      expect(rows.map((row) => [row.path, row.item, row.from])).toEqual([
        ['each[0]', 'x', `${from}/each[0]`],
        ['each[1]', 'y', undefined],
        ['each[2]', 'z', `${from}/each[2]`],
      ]);
    }
  });

  it('says of items without a key where they come from', () => {
    const definition = workflow([task('each', { forEach: { items: [0, 1] } })]);
    const second = repeat(run(definition, { 'each[1]': { end: 'Failed' } }), {});
    const rows = unitRows(second.plan, second.state, { attempts: new Map() });
    expect(rows.map(({ from }) => from)).toEqual(['run/each[0]', undefined]);
  });

  it('asks the history only for outputs that are still read and no longer in the state', () => {
    const definition = workflow([
      task('a', { outputs: [{ name: 'v' }] }),
      task('b', { needs: ['a'], when: "tasks.a.outputs.v != ''" }),
      task('c', { needs: ['b'] }),
    ]);
    const first = run(definition, { a: { end: 'Succeeded', outputs: 'v=1' }, c: { end: 'Failed' } });
    expect(needsHistory(first.plan, first.state, repeating(first).reuse)).toBe(false);
  });
});

describe('a fork', () => {
  it('runs a task and all that comes after it, and nothing else', () => {
    const definition = workflow([task('a'), task('b', { needs: ['a'] }), task('c', { needs: ['b'] }), task('x')]);
    const second = repeat(run(definition, {}), {}, 'b');
    expect(created(second)).toEqual(['b#0', 'c#0']);
  });
});

describe('artifacts', () => {
  it('are those of a run: whoever made one that is needed again does it again', () => {
    const files = { outputs: [{ name: 'f', path: 'f' }] };
    const definition = workflow([
      task('make', { artifacts: files }),
      task('other'),
      task('use', { needs: ['make', 'other'], artifacts: { inputs: [{ name: 'f', from: 'make.f', path: 'f' }] } }),
    ]);
    const second = repeat(run(definition, { use: { end: 'Failed' } }), {});
    expect(created(second)).toEqual(['make#0', 'use#0']);
  });
});
