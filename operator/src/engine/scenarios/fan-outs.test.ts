import { describe, expect, it } from 'vitest';
import type { Task } from '../../api/index.ts';
import { countUnits, unitRows } from '../index.ts';
import { created, FAILED, run, simulate, task, workflow } from '../testing/whole-run.ts';

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

  it('with failFast stops its running items, and starts no others', () => {
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

describe('forEach.key', () => {
  it('names the items, and refuses a repeated name', () => {
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

describe('skipped items', () => {
  it('count as skipped, in small and in large fan-outs', () => {
    for (const to of [3, 99]) {
      const { plan, state } = run(workflow([task('a', { when: 'item > 1', forEach: { sequence: { to } } })]));
      expect(countUnits(plan, state)).toMatchObject({ total: to + 1, skipped: 2, succeeded: to - 1 });
    }
  });
});
