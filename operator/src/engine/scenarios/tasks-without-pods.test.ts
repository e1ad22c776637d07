import { describe, expect, it } from 'vitest';
import { unitRows } from '../index.ts';
import { acting, created, outputs, run, simulate, task, workflow } from '../testing/whole-run.ts';

describe('a task without a pod', () => {
  it('sleeps while the run is paused', () => {
    const simulation = simulate(workflow([acting('nap', { sleep: { duration: '90s' } })]));
    const { wakeAt = 0 } = simulation.pass();
    expect(wakeAt - simulation.now).toBe(90_000);
    simulation.desiredState = 'Paused';
    simulation.now = wakeAt;
    simulation.pass();
    expect(simulation.phaseOf('nap')).toBe('Succeeded');
    expect(simulation.folded()).toBe(simulation.stored);
  });

  it('is cancelled while it sleeps', () => {
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

  it('generates tasks, which run under it and pass their outputs on by name', () => {
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

  it('refuses invalid generated tasks, and names the field', () => {
    const definition = workflow([
      acting('expand', { generate: { tasks: "[{'name': 'a', 'needs': ['b'], 'run': 'x'}]" } }),
    ]);
    const { unit } = run(definition).state.tasks.get('expand') ?? {};
    expect(unit).toMatchObject({ phase: 'Failed', reason: 'GeneratedInvalid' });
    expect(unit?.message).toContain('needs');
  });
});

describe('a sleep', () => {
  it.each([
    [{ until: 'tomorrow' }, 'is not a valid time'],
    [{ duration: 'long' }, 'is not a valid duration'],
    [{ duration: '9000h' }, 'the maximum is 365 days'],
  ])('of %j fails with the reason', (sleep, words) => {
    const { unit } = run(workflow([acting('nap', { sleep })])).state.tasks.get('nap') ?? {};
    expect(unit).toMatchObject({ phase: 'Failed', reason: 'ExpressionError' });
    expect(unit?.message).toContain(words);
  });

  it('ends at once when its time has passed', () => {
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
