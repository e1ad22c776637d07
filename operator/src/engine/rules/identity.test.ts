import { describe, expect, it } from 'vitest';
import type {
  AttemptObject,
  AttemptObservation,
  Definition,
  DesiredState,
  HistoryEvent,
  Task,
} from '../../api/index.ts';
import {
  accept,
  decide,
  decodeState,
  digestOf,
  encodeState,
  evolve,
  FLAG_PROVEN,
  liveAttempts,
  plan,
  type RunState,
} from '../index.ts';

const identity = { name: 'r', namespace: 'n', uid: 'u', workflow: 'w' };
const task = (name: string, rest: Partial<Task> = {}): Task => ({ name, run: 'true', ...rest });
const definition: Definition = {
  defaults: { image: 'busybox' },
  tasks: [
    task('build', { retry: { limit: 3 } }),
    { name: 'approve', approval: { message: 'Go?' }, needs: ['build'] },
    task('ship', { needs: ['approve'] }),
    task('alone'),
  ],
};
const compiled = plan(definition, digestOf(definition));
const succeeded: AttemptObservation = { phase: 'Succeeded', message: '' };
const running: AttemptObservation = { phase: 'Running', startedAt: 0 };
const pod: AttemptObject = { backend: 'Pod', id: 'podpodpo' };

interface World {
  readonly desired?: DesiredState;
  readonly objects?: Readonly<Record<string, AttemptObject>>;
  readonly records?: boolean;
  readonly at?: number;
}

function decideOn(state: RunState, attempts: Record<string, AttemptObservation>, world: World = {}) {
  const observed = {
    desiredState: world.desired ?? 'Running',
    attempts: new Map(Object.entries(attempts)),
    objects: new Map(Object.entries(world.objects ?? {})),
    ...(world.records ? { records: true } : {}),
  };
  return decide(identity, compiled, state, observed, world.at ?? 1000);
}

const begun = (...events: HistoryEvent[]): RunState => {
  let { state } = accept(compiled.digest, {}, 0);
  for (const event of events) state = evolve(state, event);
  return state;
};
const started = (path: string, attempt = 0): HistoryEvent => ({ type: 'Started', t: 1, path, attempt });
const building = () => begun(started('build'), started('alone'));
const LIVE = { 'build#0': running, 'alone#0': running };

describe('an attempt that exists and that the state does not know', () => {
  it.each([
    ['the task needs one that runs', 'ship#0', { backend: 'Pod', id: 'x' }],
    ['the task asks people', 'approve#0', { backend: 'Pod', id: 'x' }],
    ['the task asks people, and it is a run', 'approve#0', { backend: 'Child', id: 'x' }],
    ['an attempt of the task runs', 'build#1', { backend: 'Pod', id: 'x' }],
    ['there is no such task', 'other#0', { backend: 'Pod', id: 'x' }],
  ] as const)('decides nothing where %s', (_why, key, object) => {
    const decision = decideOn(building(), { ...LIVE, [key]: succeeded }, { objects: { [key]: object } });
    expect(decision.events).toEqual([]);
  });

  it('is not adopted where it is made by the executor of another sort of task', () => {
    const attempts = { 'build#0': succeeded };
    const wrong = decideOn(begun(), attempts, { objects: { 'build#0': { backend: 'Child', id: 'x' } } });
    expect(wrong.events).not.toContainEqual(expect.objectContaining({ adopted: true }));
    const right = decideOn(begun(), attempts, { objects: { 'build#0': pod } });
    expect(right.events[0]).toMatchObject({ type: 'Started', path: 'build', adopted: true });
  });

  it('waits while the run is paused, and is ended where it is stopped', () => {
    const objects = { 'build#0': pod };
    const paused = decideOn(begun(), { 'build#0': running }, { desired: 'Paused', objects });
    expect(paused.events.map(({ type }) => type)).toEqual(['DesiredStateChanged']);
    expect(paused.actions).toEqual([]);
    const stopped = decideOn(begun(), { 'build#0': running }, { desired: 'Terminated', objects });
    expect(stopped.events).not.toContainEqual(expect.objectContaining({ type: 'Started' }));
    expect(stopped.actions).toMatchObject([{ type: 'Cancel', path: 'build' }]);
  });
});

describe('a task that asks', () => {
  const asking = () => begun(started('build'), { type: 'Succeeded', t: 2, path: 'build' }, started('approve'));

  it('is ended by nothing that is seen of an attempt: only by what is answered', () => {
    const failed = { phase: 'Failed', cause: 'User', reason: 'ExitCode', message: '' } as const;
    for (const seen of [succeeded, failed, { phase: 'Lost' } as const, { ...succeeded, outputs: {} }]) {
      const { events } = decideOn(asking(), { 'approve#0': seen });
      expect(events.filter((event) => 'path' in event && event.path === 'approve')).toEqual([]);
    }
  });
});

describe('the object that runs an attempt', () => {
  const objects = {
    'build#0': { backend: 'Pod', id: 'ofbuild1' },
    'alone#0': { backend: 'Pod', id: 'ofalone1' },
  } as const;
  const recorded = { type: 'Identified', objects: { build: 'ofbuild1', alone: 'ofalone1' } };

  it('is recorded with the next write, and is worth none of its own', () => {
    expect(decideOn(building(), LIVE, { objects, at: 60_000 }).events).toEqual([]);
    expect(decideOn(building(), LIVE, { objects, at: 60_000, records: true }).events).toMatchObject([recorded]);
    const ended = decideOn(building(), { ...LIVE, 'alone#0': succeeded }, { objects, at: 60_000 });
    expect(ended.events).toMatchObject([{ type: 'Succeeded' }, { type: 'Identified', objects: { build: 'ofbuild1' } }]);
  });

  it('is not recorded of what may end at once, nor twice', () => {
    expect(decideOn(building(), LIVE, { objects, at: 9_000, records: true }).events).toEqual([]);
    const { state } = decideOn(building(), LIVE, { objects, at: 60_000, records: true });
    expect(decideOn(state, LIVE, { objects, at: 90_000, records: true }).events).toEqual([]);
  });

  it('goes with the state to whoever looks for it, and is dropped when the attempt ends', () => {
    const { state } = decideOn(building(), LIVE, { objects, at: 60_000, records: true });
    const stored = decodeState(encodeState(state));
    expect(encodeState(stored)).toBe(encodeState(state));
    const live = liveAttempts({ identity, plan: compiled, state: stored });
    expect(live.map(({ path, object, unproven }) => [path, object, unproven])).toEqual([
      ['build', 'ofbuild1', undefined],
      ['alone', 'ofalone1', undefined],
    ]);
    const failed = { phase: 'Failed', cause: 'Infrastructure', reason: 'Disrupted', message: '' } as const;
    const after = decideOn(stored, { 'build#0': failed, 'alone#0': succeeded }, { at: 61_000 });
    expect(after.events.map(({ type }) => type)).toEqual(['Retrying', 'Succeeded']);
    expect(encodeState(after.state)).not.toContain('ofbuild1');
    expect(encodeState(after.state)).not.toContain('ofalone1');
  });
});

describe('a run that was begun before there were proofs', () => {
  /** As an operator without proofs has stored it. */
  const older = () => ({ ...building(), flags: [] });

  it('says so of what it lists as live, until its first decision, which records by what that is run', () => {
    const live = liveAttempts({ identity, plan: compiled, state: older() });
    expect(live.map(({ unproven }) => unproven)).toEqual([true, true]);
    const objects = { 'build#0': pod };
    const { events, state } = decideOn(older(), LIVE, { objects });
    expect(events).toMatchObject([{ type: 'Identified', objects: { build: pod.id }, flags: [FLAG_PROVEN] }]);
    const after = liveAttempts({ identity, plan: compiled, state });
    expect(after.map(({ object, unproven }) => [object, unproven])).toEqual([
      [pod.id, undefined],
      [undefined, undefined],
    ]);
    expect(decideOn(state, LIVE, { objects }).events).toEqual([]);
  });

  it('says so before anything that starts after it', () => {
    const { events } = decideOn({ ...older() }, { ...LIVE, 'build#0': succeeded }, { objects: { 'build#0': pod } });
    expect(events.map(({ type }) => type)).toEqual(['Identified', 'Succeeded', 'Started']);
  });

  it('cannot be made by whoever begins a new one', () => {
    expect(accept('d', {}, 0).state.flags).toEqual([FLAG_PROVEN]);
  });
});
