import { describe, expect, it } from 'vitest';
import { unitRows } from '../index.ts';
import { created, FAILED, run, simulate, task, workflow } from '../testing/whole-run.ts';

describe('attempts', () => {
  it('that exceed their timeout are stopped and retried', () => {
    const definition = workflow([task('a', { attemptTimeout: '5s', retry: { limit: 1 } })]);
    const simulation = run(definition, { 'a#0': { end: 'Never' } });
    expect(created(simulation)).toEqual(['a#0', 'a#1']);
    expect(simulation.phaseOf('a')).toBe('Succeeded');
  });
});

describe('retry.otherNode', () => {
  it('passes the nodes of failed attempts to the next attempt', () => {
    const simulation = simulate(workflow([task('a', { retry: { limit: 2, otherNode: true } })]), {
      'a#0': { end: 'Failed', node: 'n1' },
      'a#1': { end: 'Failed', node: 'n2' },
    }).run();
    expect(simulation.started('a')).toMatchObject({ attempt: 2, rendered: { avoidNodes: ['n1', 'n2'] } });
    expect(simulation.folded()).toBe(simulation.stored);
  });
});

describe('the message of a run with several failures', () => {
  it('names the first, and counts the others', () => {
    const { state } = run(workflow(['a', 'b', 'c'].map((name) => task(name))), { a: FAILED, b: FAILED, c: FAILED });
    expect(state.finished?.message).toBe('task a: ExitCode: exit code 1; 2 more failed');
  });
});

describe('the rows of a run with more than 50 tasks', () => {
  it('show failures and the newest tasks', () => {
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

  it('leaves an attempt of finally that a lost decision began until it is due', () => {
    const simulation = simulate(workflow([task('a')], { finally: [task('after')] }));
    simulation.pass();
    const observed = { desiredState: 'Running' as const, attempts: simulation.observe() };
    observed.attempts.set('after#0', { phase: 'Running', startedAt: simulation.now });
    const { events, actions } = simulation.decideOn(observed);
    expect([events, actions]).toEqual([[], []]);
  });
});

describe('the reason of a failure', () => {
  it('is that of the last attempt', () => {
    const simulation = simulate(workflow([task('a', { retry: { limit: 1 } })]), {
      'a#0': { end: 'Failed', exitCode: 3 },
      'a#1': { end: 'Failed', exitCode: 4 },
    }).run();
    expect(simulation.state.tasks.get('a')?.unit).toMatchObject({ exitCode: 4, message: 'exit code 4', retries: 1 });
  });
});

describe('the row of a waiting task', () => {
  it('shows since when it waits', () => {
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
