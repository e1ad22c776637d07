import { describe, expect, it } from 'vitest';
import type { Definition, Task } from '../../api/index.ts';
import { unitRows } from '../index.ts';
import { resolveLibrary } from '../plan/library.ts';
import { type Fate, Simulation } from '../testing/simulation.ts';

const task = (name: string, rest: Partial<Task> = {}): Task => ({ name, run: 'true', ...rest });
const sixty = { sequence: { from: 1, to: 60 } };
/** More failures than keep their words, of what may fail. */
const NOISE = task('noise', { forEach: sixty, onFailure: 'Continue' });
const AFTER = { needs: ['noise'], runIf: 'Always' as const };

function simulate(tasks: Task[], rest: Partial<Definition> = {}): Simulation {
  const fate = (path: string): Fate => ({ end: 'Failed', exitCode: path.startsWith('noise') ? 1 : 7 });
  const resolved = resolveLibrary({ defaults: { image: 'busybox' }, tasks, ...rest }, () => ({ problem: 'none' }));
  if ('problems' in resolved) throw new Error(JSON.stringify(resolved.problems));
  return new Simulation(resolved.definition, { fate }).run();
}

const templates = [{ name: 'leaf', tasks: [task('leaf')] }];
const generate = { tasks: "[{'name': 'leaf', 'run': 'true'}]" };

describe('a failure after fifty others', () => {
  const DECIDING: [string, Task[], Partial<Definition>][] = [
    ['a task', [task('deploy', AFTER)], {}],
    ['an item of a small fan-out', [task('deploy', { ...AFTER, forEach: { items: [1, 2, 3] } })], {}],
    ['an item of a large fan-out', [task('deploy', { ...AFTER, forEach: sixty })], {}],
    ['an iteration of a loop', [task('deploy', { ...AFTER, loop: { until: 'false', maxIterations: 3 } })], {}],
    ['a task of a template', [{ name: 'deploy', template: { name: 'leaf' }, ...AFTER }], { templates }],
    [
      'a task of a template in a fan-out',
      [{ name: 'deploy', template: { name: 'leaf' }, ...AFTER, forEach: sixty }],
      { templates },
    ],
    ['a generated task', [{ name: 'deploy', generate, ...AFTER }], {}],
  ];

  it.each(DECIDING)('keeps its words in what the run says, if it is that of %s', (_what, tasks, rest) => {
    const simulation = simulate([NOISE, ...tasks], rest);
    const { finished, failures } = simulation.state;
    expect(finished).toMatchObject({ phase: 'Failed', reason: 'TaskFailed' });
    expect(failures.get('ExitCode')).toBeGreaterThan(60);
    expect(finished?.message).toMatch(/^task deploy: /);
    expect(finished?.message).toContain('exit code 7');
    expect(simulation.folded()).toBe(simulation.stored);
  });

  it('keeps its exit code in the row of its task', () => {
    const simulation = simulate([NOISE, task('deploy', AFTER)]);
    const rows = unitRows(simulation.plan, simulation.state, { attempts: new Map() });
    expect(rows.find(({ path }) => path === 'deploy')).toMatchObject({ message: 'exit code 7', exitCode: 7 });
  });

  it('is told where only finally fails', () => {
    const simulation = simulate([NOISE], { finally: [task('tidy')] });
    expect(simulation.state.finished).toMatchObject({ reason: 'FinallyFailed' });
    expect(simulation.state.finished?.message).toContain('task tidy: ExitCode: exit code 7');
  });

  it('says where its words are if it is one of many that decide nothing', () => {
    const simulation = simulate([NOISE, task('optional', { ...AFTER, onFailure: 'Continue' }), task('deploy', AFTER)]);
    const rows = unitRows(simulation.plan, simulation.state, { attempts: new Map() });
    expect(rows.find(({ path }) => path === 'optional')?.message).toContain('history');
  });

  it('leaves the state bounded: of many that decide, the words of one are kept', () => {
    const many = Array.from({ length: 60 }, (_, index) => task(`deploy-${index}`, AFTER));
    const { tasks } = simulate([NOISE, ...many]).state;
    const kept = [...tasks].filter(([name, { unit }]) => name.startsWith('deploy') && unit.message !== undefined);
    expect(kept).toHaveLength(1);
  });
});
