import { describe, expect, it } from 'vitest';
import { type Definition, REASONS, type Reason, type Task } from '../../api/index.ts';
import { countUnits, unitRows } from '../index.ts';
import { type Fate, Simulation } from '../testing/simulation.ts';

const MINUTE = 60_000;
const FOR_EVER = Number.POSITIVE_INFINITY;
const task = (name: string, rest: Partial<Task> = {}): Task => ({ name, run: 'true', ...rest });
const HTTP: Partial<Task> = { run: undefined, http: { url: 'https://example.com/' } };
const CHILD: Partial<Task> = { run: undefined, workflow: { name: 'other' } };
const RESOURCE: Partial<Task> = {
  run: undefined,
  resource: { manifest: { kind: 'ConfigMap', metadata: { name: 'x' } } },
};
const SEMAPHORES: Partial<Task> = { semaphores: [{ name: 'db' }] };
const NEVER: Fate = { end: 'Never' };
const refused = (reason: Reason, untilMs?: number): Fate => ({
  end: 'Refused',
  reason,
  ...(untilMs === undefined ? {} : { untilMs }),
});

function simulate(tasks: Task[], fates: Record<string, Fate>, rest: Partial<Definition> = {}): Simulation {
  const whole = (path: string) => path.replace(/\[\d+\]$/, '');
  const fate = (path: string, attempt: number): Fate =>
    fates[`${path}#${attempt}`] ?? fates[path] ?? fates[whole(path)] ?? NEVER;
  return new Simulation({ defaults: { image: 'busybox' }, tasks, ...rest }, { fate });
}

/** Passes until something has ended; milliseconds since the beginning, or FOR_EVER if nothing more would happen. */
function until(simulation: Simulation, isOver: () => boolean): number {
  const begun = simulation.now;
  for (let idle = 0; !isOver() && idle < 3; ) {
    const { more, wakeAt, actions, events } = simulation.pass();
    if (isOver()) break;
    idle = events.length + actions.length > 0 || wakeAt !== undefined ? 0 : idle + 1;
    if (!more && !actions.some(({ type }) => type === 'Cancel')) simulation.now = simulation.nextMoment({ wakeAt });
  }
  expect(simulation.folded()).toBe(simulation.stored);
  return isOver() ? simulation.now - begun : FOR_EVER;
}

const unitOf = (simulation: Simulation, name = 'a') => simulation.state.tasks.get(name)?.unit;
const hasEnded = (simulation: Simulation, name = 'a') => simulation.phaseOf(name) === 'Failed';

interface Wait {
  readonly what: string;
  readonly task: Partial<Task>;
  readonly fate: Fate;
  /** Which default of `pendingTimeout` ends it; none: it is meant to be. */
  readonly default?: '15m';
}

/** Everything outside of its run that keeps an attempt from starting. */
const WAITS: readonly Wait[] = [
  { what: 'a quota', task: {}, fate: refused('Quota'), default: '15m' },
  { what: 'an admission policy', task: {}, fate: refused('PodRejected'), default: '15m' },
  { what: 'a Semaphore that is held', task: SEMAPHORES, fate: refused('Semaphore') },
  { what: 'a Semaphore that asks for too much', task: SEMAPHORES, fate: refused('SemaphoreTooSmall'), default: '15m' },
  { what: 'a Semaphore that is missing', task: SEMAPHORES, fate: refused('SemaphoreNotFound'), default: '15m' },
  { what: 'a cached result', task: { cache: { key: 'k' } }, fate: refused('CacheBusy') },
  { what: 'other requests', task: HTTP, fate: refused('HttpFailed'), default: '15m' },
  { what: 'a service account', task: RESOURCE, fate: refused('ResourceForbidden'), default: '15m' },
  { what: 'a CRD', task: RESOURCE, fate: refused('ResourceRejected'), default: '15m' },
  { what: 'a quota of runs', task: CHILD, fate: refused('Quota'), default: '15m' },
  { what: 'a node', task: {}, fate: { end: 'Pending', reason: 'Unschedulable' }, default: '15m' },
  { what: 'an image', task: {}, fate: { end: 'Pending', reason: 'ImagePull' }, default: '15m' },
  {
    what: 'the Workflow of its run',
    task: CHILD,
    fate: { end: 'Pending', reason: 'WorkflowNotFound' },
    default: '15m',
  },
];

/** A pod that is told to end needs a moment for it. */
function untilFailed(simulation: Simulation): number {
  return until(simulation, () => hasEnded(simulation) || simulation.state.finished !== undefined);
}

describe.each(WAITS)('a task that waits for $what', ({ task: more, fate, default: usual }) => {
  it('is ended by its pendingTimeout, which says what kept it', () => {
    const simulation = simulate([task('a', { ...more, pendingTimeout: '40s' })], { a: fate });
    expect(untilFailed(simulation)).toBe(40_000);
    expect(unitOf(simulation)).toMatchObject({ reason: 'PendingTimeout' });
    const { reason } = fate as { reason: Reason };
    expect(unitOf(simulation)?.message).toBe(
      `the attempt did not start within its pendingTimeout of 40s; ${reason}: for a test`,
    );
  });

  it('is ended by the pendingTimeout of defaults', () => {
    const defaults = { image: 'busybox', pendingTimeout: '40s' };
    expect(untilFailed(simulate([task('a', more)], { a: fate }, { defaults }))).toBe(40_000);
  });

  it('is ended by its timeout', () => {
    const simulation = simulate([task('a', { ...more, timeout: '3m', pendingTimeout: '1h' })], { a: fate });
    expect(untilFailed(simulation)).toBe(3 * MINUTE);
    expect(unitOf(simulation)).toMatchObject({ reason: 'TimedOut' });
    expect(unitOf(simulation)?.message).toContain('the task did not end within its timeout of 180 s');
    if (fate.end !== 'Refused') return;
    expect(unitOf(simulation)?.message).toContain(`it could not start: ${fate.reason}: ${REASONS[fate.reason]}`);
  });

  it('is ended by the timeout of the run, which begins with the first start that was asked for', () => {
    const rest = { timeout: '2m' };
    const simulation = simulate([task('a', { ...more, pendingTimeout: '1h' })], { a: fate }, rest);
    expect(until(simulation, () => simulation.state.finished !== undefined)).toBe(2 * MINUTE);
    expect(simulation.state.finished).toMatchObject({ phase: 'Failed', reason: 'TimedOut' });
  });

  it(usual ? 'is ended after 15m where nobody says how long' : 'goes on where nobody says how long', () => {
    const simulation = simulate([task('a', more)], { a: fate });
    const waited = untilFailed(simulation);
    expect(waited).toBe(usual ? 15 * MINUTE : FOR_EVER);
    if (usual) expect(unitOf(simulation)?.message).toContain('within its default pendingTimeout of 15m');
  });

  it('is tried again after its pendingTimeout if retry says so, which is told the reason', () => {
    const retry = {
      limit: 5,
      when: "reason == 'PendingTimeout' && attempt < 3",
      backoff: { duration: '10s', factor: 1 },
    };
    const simulation = simulate([task('a', { ...more, pendingTimeout: '40s', retry })], { a: fate, 'a#2': NEVER });
    simulation.pass();
    until(simulation, () => (unitOf(simulation)?.retries ?? 0) === 1);
    expect(unitOf(simulation)).toMatchObject({ phase: 'Backoff', reason: 'PendingTimeout', startedAt: 0 });
    const again = until(simulation, () => (unitOf(simulation)?.retries ?? 0) === 2);
    expect(again).toBe(50_000);
  });

  it('is ended by its timeout between attempts too', () => {
    const retry = { limit: 1, backoff: { duration: '10s' } };
    const fates = { 'a#0': { end: 'Failed' } as const, 'a#1': fate };
    const limits = { timeout: '3m', pendingTimeout: '1h' };
    const simulation = simulate([task('a', { ...more, ...limits, retry })], fates);
    expect(untilFailed(simulation)).toBe(3 * MINUTE);
    expect(unitOf(simulation)).toMatchObject({ reason: 'TimedOut' });
  });

  it('is ended by its pendingTimeout between attempts, which begins anew with each', () => {
    const retry = { limit: 1, backoff: { duration: '10s' } };
    const fates = { 'a#0': { end: 'Failed' } as const, 'a#1': fate };
    const simulation = simulate([task('a', { ...more, pendingTimeout: '40s', retry })], fates);
    expect(untilFailed(simulation)).toBe(1000 + 10_000 + 40_000);
    expect(unitOf(simulation)).toMatchObject({ reason: 'PendingTimeout' });
  });
});

describe('a wait for other tasks of the run', () => {
  const forEach = { items: [0, 1, 2], parallelism: 1 };

  it.each<[string, Task[], Partial<Definition>, string]>([
    ['needs', [task('b'), task('a', { needs: ['b'], timeout: '1m', pendingTimeout: '1s' })], {}, 'a'],
    ['spec.parallelism', [task('b'), task('a', { timeout: '1m', pendingTimeout: '1s' })], { parallelism: 1 }, 'a'],
  ])(
    'for %s does not count against its own bounds, and is ended by the timeout of the run',
    (_what, tasks, rest, name) => {
      const simulation = simulate(tasks, { b: NEVER }, { ...rest, timeout: '5m' });
      expect(until(simulation, () => simulation.state.finished !== undefined)).toBe(5 * MINUTE);
      expect(simulation.phaseOf(name)).toBe('Waiting');
      expect(simulation.state.finished?.reason).toBe('TimedOut');
    },
  );

  it('for forEach.parallelism does not count against the timeout of an item', () => {
    const fates: Record<string, Fate> = { a: { end: 'Succeeded', afterMs: 40_000 } };
    const simulation = simulate([task('a', { forEach, timeout: '1m' })], fates);
    until(simulation, () => simulation.state.finished !== undefined);
    expect(simulation.state.finished?.phase).toBe('Succeeded');
  });
});

describe('a start that is refused', () => {
  it('is given up only when it is refused once more after its time', () => {
    const fates = { a: refused('Quota', 40_000) };
    const simulation = simulate([task('a', { pendingTimeout: '40s' })], fates);
    until(simulation, () => simulation.pods.size > 0);
    expect(unitOf(simulation)).toMatchObject({ phase: 'Live', attempt: 0, startedAt: 0, since: 40_000 });
  });

  it('counts what it waited against the timeout of its task', () => {
    const fates = { a: refused('Quota', 40_000) };
    const simulation = simulate([task('a', { pendingTimeout: '40s', timeout: '1m' })], fates);
    until(simulation, () => simulation.phaseOf('a') === 'Stopping');
    expect(unitOf(simulation)).toMatchObject({ reason: 'TimedOut', since: 60_000 });
  });

  it('does not wait in a pause', () => {
    const simulation = simulate([task('a', { pendingTimeout: '40s', timeout: '50s' })], { a: refused('Quota') });
    simulation.pass();
    simulation.now += 10_000;
    simulation.desiredState = 'Paused';
    simulation.pass();
    simulation.now += 60 * MINUTE;
    simulation.pass();
    expect(simulation.phaseOf('a')).toBe('Waiting');
    simulation.desiredState = 'Running';
    expect(untilFailed(simulation)).toBe(30_000);
  });

  it('has the default anew when what it waited for was meant to be before', () => {
    const simulation = simulate([task('a', SEMAPHORES)], { a: refused('Semaphore') }, { timeout: '10h' });
    simulation.pass();
    simulation.now += 60 * MINUTE;
    const attempts = new Map([['a#0', { phase: 'Refused', reason: 'Quota', message: 'no', retry: true } as const]]);
    const decision = simulation.decideOn({ desiredState: 'Running', attempts });
    expect(decision.events).toMatchObject([{ type: 'Held', path: 'a', reason: 'Quota' }]);
    expect(decision.wakeAt).toBe(simulation.now + 15 * MINUTE);
  });

  it('is worth an event once, and none where nothing bounds it', () => {
    const bounded = simulate([task('a')], { a: refused('Quota') });
    expect(bounded.pass().events.map(({ type }) => type)).toEqual(['Held']);
    bounded.now += 1000;
    expect(bounded.pass().events).toEqual([]);
    const free = simulate([task('a', SEMAPHORES)], { a: refused('Semaphore') });
    expect(free.pass().events).toEqual([]);
  });

  it('is written as a state of version 4, and of an earlier one when it is over', () => {
    const simulation = simulate([task('a')], { a: refused('Quota', 10_000) });
    const version = () => (JSON.parse(simulation.stored) as { v: number }).v;
    simulation.pass();
    expect(version()).toBe(4);
    simulation.now += 10_000;
    simulation.pass();
    expect(version()).toBe(1);
  });

  it('of an undo, of a task of finally and in a template is bounded too', () => {
    const inner = { tasks: [task('p', { pendingTimeout: '10s' })] };
    const each: Task = { name: 'a', template: { name: 'leaf', kind: 'Local' }, onFailure: 'Continue' };
    const last = task('last', { pendingTimeout: '20s' });
    const rest = { library: { 'Local/leaf@': inner }, finally: [last] };
    const simulation = simulate([each], { 'a/p': refused('Quota'), last: refused('Quota') }, rest);
    expect(until(simulation, () => simulation.state.finished !== undefined)).toBe(30_000);
    expect(unitOf(simulation, 'last')?.reason).toBe('PendingTimeout');
  });
});

const ONCE_MORE = { limit: 1, backoff: { duration: '10s' } };

describe('a start that was given up', () => {
  it.each([0, 100])('is asked for again after its backoff, with a jitter of %d percent', (jitter) => {
    const retry = { limit: 1, backoff: { duration: '1s', jitter } };
    const simulation = simulate([task('a', { pendingTimeout: '10s', retry })], { a: refused('Quota') });
    simulation.pass();
    simulation.now += 10_000;
    const { events, wakeAt, more } = simulation.pass();
    const [event] = events;
    expect(event).toMatchObject({ type: 'Retrying', path: 'a', cause: 'User' });
    if (event?.type !== 'Retrying') return;
    const delay = event.wake - event.t;
    expect(delay).toBeLessThanOrEqual(1000);
    expect(more ? 0 : (wakeAt ?? 0) - simulation.now).toBe(delay);
  });

  it('is no end of its iteration: the next one begins after the last attempt', () => {
    const loop = { until: "status == 'Succeeded'", maxIterations: 3 };
    const limits = { onFailure: 'Continue', pendingTimeout: '5s', retry: ONCE_MORE } as const;
    const simulation = simulate([task('a', { loop, ...limits })], { 'a/0': refused('Quota', 6000) });
    until(simulation, () => simulation.pods.size > 0);
    expect([...simulation.pods.keys()]).toEqual(['a/0#0']);
  });

  it('leaves its place in a fan-out at once to an item that waits to be tried again', () => {
    const forEach = { items: [0, 1, 2], parallelism: 2 };
    const fates: Record<string, Fate> = {
      'a[0]': { end: 'Infrastructure', afterMs: 1 },
      'a[0]#1': NEVER,
      'a[1]': { end: 'Infrastructure', afterMs: 1000 },
      'a[1]#1': NEVER,
      'a[2]': refused('Quota'),
    };
    const simulation = simulate([task('a', { forEach, pendingTimeout: '5s', retry: ONCE_MORE })], fates);
    const waited = until(simulation, () => simulation.pods.has('a[1]#1'));
    expect([...simulation.pods.keys()]).toEqual(['a[0]#0', 'a[1]#0', 'a[0]#1', 'a[1]#1']);
    expect(waited).toBe(5001);
  });
});

describe('items that cannot start', () => {
  const forEach = { items: [0, 1, 2, 3, 4] };

  it('wait all at once, within the parallelism', () => {
    const limits = { forEach: { ...forEach, parallelism: 3 }, pendingTimeout: '40s' };
    const simulation = simulate([task('a', limits)], { a: refused('Quota') });
    expect(simulation.pass().events.map((event) => ('path' in event ? event.path : ''))).toEqual([
      'a',
      'a[0]',
      'a[1]',
      'a[2]',
    ]);
    expect(countUnits(simulation.plan, simulation.state)).toMatchObject({ total: 5, pending: 5 });
    expect(untilFailed(simulation)).toBe(80_000);
    expect(unitOf(simulation)).toMatchObject({ reason: 'ItemsFailed' });
  });

  it('start in their order when they can, and end with their fan-out', () => {
    const fates = {
      a: refused('Semaphore'),
      'a[0]': refused('Semaphore', 10_000),
      'a[1]': refused('Semaphore', 10_000),
    };
    const each = task('a', { ...SEMAPHORES, forEach: { ...forEach, parallelism: 3 }, timeout: '1m' });
    const simulation = simulate([each], fates);
    simulation.pass();
    simulation.now += 10_000;
    simulation.pass();
    expect([...simulation.pods.keys()]).toEqual(['a[0]#0', 'a[1]#0']);
    simulation.desiredState = 'Terminated';
    simulation.pass();
    expect(simulation.state.finished?.reason).toBe('Terminated');
    expect(simulation.state.tasks.get('a')?.unit.phase).toBe('Cancelled');
    expect(simulation.folded()).toBe(simulation.stored);
  });

  it('are ended by the failure of another, and say that it was that', () => {
    const fates = { a: refused('Quota'), 'a[0]': { end: 'Failed' } as const };
    const simulation = simulate([task('a', { forEach: { ...forEach, failFast: true, parallelism: 2 } })], fates);
    until(simulation, () => simulation.state.finished !== undefined);
    const rows = unitRows(simulation.plan, simulation.state, { attempts: new Map() });
    expect(rows.map(({ phase, reason }) => [phase, reason])).toEqual([
      ['Failed', 'ExitCode'],
      ['Cancelled', 'FailFast'],
      ['Skipped', 'FailFast'],
      ['Skipped', 'FailFast'],
      ['Skipped', 'FailFast'],
    ]);
  });
});
