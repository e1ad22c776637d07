import { describe, expect, it } from 'vitest';
import type { Definition, Task } from '../../api/index.ts';
import { type Fate, Simulation } from '../testing/simulation.ts';

const task = (name: string, rest: Partial<Task> = {}): Task => ({ name, run: 'true', ...rest });
const APPROVAL: Partial<Task> = { run: undefined, approval: { message: 'Go?' } };

function simulate(tasks: Task[], fates: Record<string, Fate>, rest: Partial<Definition> = {}): Simulation {
  const fate = (path: string): Fate => fates[path] ?? { end: 'Never' };
  return new Simulation({ defaults: { image: 'busybox' }, tasks, ...rest }, { fate });
}

describe('a task that waits for people', () => {
  it('takes no place of the parallelism, and needs none', () => {
    const tasks = [task('b'), task('ask', APPROVAL), task('wait', { run: undefined, waitForSignal: { name: 'x' } })];
    const simulation = simulate([...tasks, task('c')], {}, { parallelism: 2 });
    simulation.pass();
    expect([...simulation.pods.keys()]).toEqual(['b#0', 'ask#0', 'wait#0', 'c#0']);
    expect(simulation.phaseOf('ask')).toBe('Live');
  });

  it('gives back no place that it never had', () => {
    const fates: Record<string, Fate> = { ask: { end: 'Answered', by: ['u1'], afterMs: 1000 } };
    const approval = task('ask', { run: undefined, approval: { message: 'Go?', allowUnattested: true } });
    const simulation = simulate([task('b'), approval, task('c')], fates, { parallelism: 1 });
    simulation.pass();
    simulation.now += 1000;
    simulation.pass();
    expect(simulation.phaseOf('ask')).toBe('Succeeded');
    expect(simulation.phaseOf('c')).toBe('Waiting');
  });

  it('asks no more than a hundred of its items at once', () => {
    const forEach = { sequence: { to: 149 } };
    const simulation = simulate([task('ask', { ...APPROVAL, forEach })], {});
    while (simulation.pass().more);
    expect(simulation.pods.size).toBe(100);
  });
});
