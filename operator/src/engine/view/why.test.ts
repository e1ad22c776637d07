import { describe, expect, it } from 'vitest';
import type { AttemptObservation, Definition, Task } from '../../api/index.ts';
import { countUnits, unitRows } from '../index.ts';
import { attemptKey } from '../state/paths.ts';
import { type Fate, Simulation } from '../testing/simulation.ts';

const task = (name: string, rest: Partial<Task> = {}): Task => ({ name, run: 'true', ...rest });

function simulate(tasks: Task[], fates: Record<string, Fate> = {}, rest: Partial<Definition> = {}): Simulation {
  const definition: Definition = { defaults: { image: 'busybox' }, tasks, ...rest };
  return new Simulation(definition, { fate: (path) => fates[path] ?? { end: 'Never' } });
}

/** The row of a task; `seen` is what is seen of attempt 0 of tasks, by path. */
function rowOf(simulation: Simulation, path: string, seen: Record<string, AttemptObservation> = {}) {
  const attempts = simulation.observe();
  for (const [of, observation] of Object.entries(seen)) attempts.set(attemptKey(of, 0), observation);
  const rows = unitRows(simulation.plan, simulation.state, { attempts });
  return rows.find((row) => row.path === path);
}

describe('a task that has not ended', () => {
  it('says for a pod that nothing is known of yet that it is starting', () => {
    const simulation = simulate([task('a')]);
    simulation.pass();
    const starting = rowOf(simulation, 'a', { a: { phase: 'Pending', since: simulation.now } });
    expect(starting).toMatchObject({ phase: 'Pending', reason: 'Starting', since: simulation.now });
    expect(starting?.message).toContain('node');
  });

  it('says for a run that it starts that nothing is seen of it yet', () => {
    const simulation = simulate([{ name: 'child', workflow: { name: 'other' } }]);
    simulation.pass();
    const row = rowOf(simulation, 'child', { child: { phase: 'Pending', since: simulation.now } });
    expect(row).toMatchObject({ phase: 'Pending', reason: 'Starting' });
    expect(row?.message).not.toContain('pod');
  });

  it('says for an iteration that its delay is what it waits for', () => {
    const simulation = simulate([task('poll', { loop: { until: 'false', delay: '1m' } })], {
      'poll/0': { end: 'Succeeded' },
    });
    simulation.pass();
    simulation.now += 2000;
    simulation.pass();
    const row = rowOf(simulation, 'poll/1');
    expect(row).toMatchObject({ phase: 'Pending', reason: 'LoopDelay', until: simulation.now + 60_000 });
    expect(rowOf(simulation, 'poll')).toMatchObject({ reason: 'LoopDelay', since: simulation.now });
  });

  it('says in a backoff what failed and when it is over', () => {
    const simulation = simulate([task('a', { retry: { limit: 3, backoff: { duration: '30s' } } })], {
      a: { end: 'Failed', exitCode: 4 },
    });
    simulation.pass();
    simulation.now += 2000;
    simulation.pass();
    const row = rowOf(simulation, 'a');
    expect(row).toMatchObject({ phase: 'Backoff', reason: 'Backoff', exitCode: 4, until: simulation.now + 30_000 });
    expect(row?.message).toBe('attempt 0 failed: ExitCode: exit code 4; retrying automatically');
    simulation.desiredState = 'Paused';
    simulation.pass();
    expect(rowOf(simulation, 'a')).toMatchObject({ phase: 'Backoff', reason: 'Paused', since: simulation.now });
  });

  it('says since when it waits: for its needs from the start, for a pause from its beginning', () => {
    const simulation = simulate([task('a'), task('b', { needs: ['a'] })]);
    const begun = simulation.now;
    simulation.pass();
    simulation.now += 5000;
    expect(rowOf(simulation, 'b')).toMatchObject({ reason: 'WaitingForNeeds', message: 'waits for a', since: begun });
    const paused = simulate([task('a')]);
    paused.desiredState = 'Paused';
    paused.now += 1000;
    const since = paused.now;
    paused.pass();
    paused.now += 5000;
    expect(rowOf(paused, 'a')).toMatchObject({ phase: 'Pending', reason: 'Paused', since });
  });

  it('names the fields that bound how many run at once', () => {
    const simulation = simulate([task('a'), task('b')], {}, { parallelism: 1 });
    simulation.pass();
    const row = rowOf(simulation, 'b');
    expect(row).toMatchObject({ phase: 'Pending', reason: 'Parallelism' });
    expect(row?.message).toContain('spec.parallelism');
  });
});

describe('a task that can start no more', () => {
  const failing = { a: { end: 'Failed' } } as const;
  const tidy = task('tidy');

  it('says so while finally is under way, and is counted as skipped', () => {
    const wide = task('wide', { needs: ['b'], forEach: { items: [1, 2] } });
    const simulation = simulate(
      [task('a', { timeout: '5s' }), task('b'), wide],
      {},
      { finally: [tidy], timeout: '9s' },
    );
    simulation.pass();
    simulation.now += 10_000;
    for (let i = 0; i < 4; i++) simulation.pass();
    expect(simulation.state.result).toBeDefined();
    expect(simulation.state.finished).toBeUndefined();
    expect(rowOf(simulation, 'wide')).toMatchObject({ phase: 'Skipped', reason: 'RunStopped' });
    expect(rowOf(simulation, 'tidy')?.phase).toBe('Running');
    expect(countUnits(simulation.plan, simulation.state)).toMatchObject({ pending: 0, running: 1 });
  });

  it('is no task of finally while the others are being stopped', () => {
    const simulation = simulate([task('a'), task('b', { needs: ['a'] })], {}, { finally: [tidy] });
    simulation.pass();
    simulation.desiredState = 'Cancelled';
    simulation.pass();
    expect(rowOf(simulation, 'b')).toMatchObject({ phase: 'Skipped', reason: 'RunStopped' });
    expect(rowOf(simulation, 'tidy')).toMatchObject({ phase: 'Pending', reason: 'WaitingForTasks' });
    simulation.desiredState = 'Terminated';
    simulation.pass();
    expect(rowOf(simulation, 'tidy')).toMatchObject({ phase: 'Skipped', reason: 'RunStopped' });
  });

  it('does not wait for parallelism in any row of a run that is over', () => {
    const simulation = simulate([task('a'), task('b', { needs: ['a'] })], failing, { finally: [tidy] });
    simulation.pass();
    simulation.now += 2000;
    for (let i = 0; i < 4; i++) simulation.pass();
    const rows = unitRows(simulation.plan, simulation.state, { attempts: simulation.observe() });
    expect(rows.map(({ reason }) => reason)).not.toContain('Parallelism');
  });
});
