import { describe, expect, it } from 'vitest';
import { countUnits, unitRows } from '../index.ts';
import { created, FAILED, outputs, run, simulate, task, workflow } from '../testing/whole-run.ts';

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

  it('continues when one of them fails, and undoes nothing in a run that succeeded', () => {
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

  it('with the former field `on` run like hooks with `event`', () => {
    const when = (field: 'event' | 'on') =>
      (['Started', 'Failed'] as const).map((of) => (field === 'on' ? { on: of, run: 'x' } : { event: of, run: 'x' }));
    const of = (field: 'event' | 'on') =>
      run(workflow([task('a', { hooks: when(field) })], { hooks: when(field) }), { a: FAILED });
    expect(created(of('on'))).toEqual(created(of('event')));
    expect(created(of('on'))).toContain('a.on-failed#0');
    expect(of('on').plan.tasks.get('a.on-failed')?.task).not.toHaveProperty('on');
  });

  it('of the run are not counted unless their event occurs', () => {
    const hooks = (['Succeeded', 'Failed'] as const).map((event) => ({ event, run: 'x' }));
    const simulation = run(workflow([task('a')], { hooks }));
    expect(created(simulation)).toEqual(['a#0', 'on-succeeded.run#0']);
    expect(countUnits(simulation.plan, simulation.state)).toMatchObject({ total: 2, succeeded: 2, skipped: 0 });
    const rows = unitRows(simulation.plan, simulation.state, { attempts: simulation.observe() });
    expect(rows.map(({ path }) => path)).toEqual(['a', 'on-succeeded.run']);
  });

  it('of the run start at its beginning and at its end', () => {
    const hooks = (['Started', 'Failed', 'Finished'] as const).map((event) => ({ event, run: 'x' }));
    const simulation = run(workflow([task('a')], { hooks }), { a: FAILED });
    expect(created(simulation)).toEqual(['a#0', 'on-started.run#0', 'on-failed.run#0', 'on-finished.run#0']);
  });
});
