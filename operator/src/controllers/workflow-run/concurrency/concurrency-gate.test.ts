import { describe, expect, it } from 'vitest';
import type { Concurrency, Definition, Workflow, WorkflowRun } from '../../../api/index.ts';
import { accept, encodeState } from '../../../engine/index.ts';
import { createStores, RUNS_BY_WORKFLOW } from '../../stores/stores.ts';
import { ConcurrencyGate } from './concurrency-gate.ts';
import { followRuns } from './follow-runs.ts';

const definition: Definition = { parameters: [{ name: 'env', default: 'dev' }], tasks: [{ name: 'a', run: 'true' }] };
const workflowWith = (concurrency: Concurrency | undefined): Workflow => ({
  apiVersion: '',
  kind: '',
  metadata: { name: 'w', namespace: 'n', uid: 'w' },
  spec: { ...definition, ...(concurrency ? { concurrency } : {}) },
});
const run = (name: string, more: Partial<WorkflowRun> = {}): WorkflowRun => ({
  apiVersion: '',
  kind: '',
  metadata: { name, namespace: 'n', uid: name, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { workflowRef: { name: 'w' }, desiredState: 'Running' },
  ...more,
});
const accepted = (name: string, env = 'dev') =>
  run(name, { status: { state: encodeState(accept('d', { env }, 0).state) } });
const over = (name: string) => run(name, { status: { state: '{}', finishedAt: '2026-01-01T00:00:01Z' } });

/** A process that asks for runs of one workflow, and whose cache is as each test says. */
class World {
  readonly woken: string[] = [];
  readonly #gate = new ConcurrencyGate();
  readonly #workflow: Workflow;
  readonly #stores = createStores(false);

  constructor(concurrency?: Concurrency) {
    this.#workflow = workflowWith(concurrency);
    this.#stores.workflows.put({ key: 'n/w', uid: 'w', resourceVersion: '1', value: this.#workflow });
    followRuns(this.#gate, this.#stores, (key) => void this.woken.push(key));
  }

  see(runs: readonly WorkflowRun[]): void {
    this.#stores.runs.replace(
      runs.map((value) => ({
        ...{ key: `n/${value.metadata.name}`, uid: value.metadata.uid ?? '' },
        ...{ resourceVersion: JSON.stringify(value), value },
      })),
    );
  }

  ask(of: WorkflowRun, siblings: readonly WorkflowRun[], env = 'dev') {
    this.see(siblings);
    const cached = () => this.#stores.runs.byIndex(RUNS_BY_WORKFLOW, 'n/w');
    return this.#gate.ask(this.#workflow, { definition, run: of, params: { env } }, cached).type;
  }

  /** The runs that are woken when the cached runs become others. */
  wokenBy(siblings: readonly WorkflowRun[]): string[] {
    this.woken.length = 0;
    this.see(siblings);
    return this.woken;
  }

  isStillQueued(of: WorkflowRun): boolean {
    return this.#gate.stillQueued(this.#workflow, of) !== undefined;
  }

  check(live: readonly WorkflowRun[]): void {
    this.#gate.check(this.#workflow, live);
  }
}

describe('runs of a workflow with a limit', () => {
  it('may all start if there is none', () => {
    const [a, b] = [run('a'), run('b')];
    const world = new World();
    expect([world.ask(a, [a, b]), world.ask(b, [a, b])]).toEqual(['Go', 'Go']);
  });

  it('do not both get the last place while the cache shows neither of them as accepted', () => {
    const [a, b] = [run('a'), run('b')];
    const world = new World({ limit: 1 });
    expect([world.ask(a, [a, b]), world.ask(b, [a, b])]).toEqual(['Go', 'Wait']);
    expect(world.ask(a, [a, b])).toBe('Go');
  });

  it('are counted as stored by a process that was restarted', () => {
    const [a, b] = [accepted('a'), run('b')];
    expect(new World({ limit: 1 }).ask(b, [a, b])).toBe('Wait');
    expect(new World({ limit: 1 }).ask(b, [over('a'), b])).toBe('Go');
  });

  it('are counted also if only the server knows that the leader before let them in', () => {
    const [a, b] = [run('z-let-in'), run('b')];
    const world = new World({ limit: 1 });
    world.check([accepted('z-let-in')]);
    expect(world.ask(b, [a, b])).toBe('Wait');
  });

  it('make room when they end before the cache has shown them as accepted', () => {
    const [a, b] = [run('a'), run('b')];
    const world = new World({ limit: 1 });
    world.ask(a, [a, b]);
    expect(world.ask(b, [over('a'), b])).toBe('Go');
  });

  it('count by their key, as their own parameters make it', () => {
    const world = new World({ limit: 1, key: 'params.env' });
    const [dev, prod] = [accepted('dev'), accepted('prod', 'prod')];
    const late = run('late');
    expect(world.ask(late, [prod, late])).toBe('Go');
    const later = run('later');
    expect(world.ask(later, [dev, prod, later])).toBe('Wait');
  });

  it('are kept out by those before them only if those could start', () => {
    const b = run('b');
    const spec = { workflowRef: { name: 'w' }, desiredState: 'Paused' } as const;
    const [paused, wrong] = [
      run('a', { spec }),
      run('a', { spec: { ...b.spec, parameters: [{ name: 'x', value: '' }] } }),
    ];
    expect(new World({ limit: 1 }).ask(b, [run('a'), b])).toBe('Wait');
    expect(new World({ limit: 1 }).ask(b, [paused, b])).toBe('Go');
    expect(new World({ limit: 1, key: 'params.env' }).ask(b, [wrong, b])).toBe('Go');
  });

  it('do not start when they were stopped or paused while they waited', () => {
    const stopped = run('a', { spec: { workflowRef: { name: 'w' }, desiredState: 'Terminated' } });
    expect(new World({ limit: 1 }).ask(stopped, [stopped])).toBe('Wait');
  });

  it('are woken in their order, as many as there are free places', () => {
    const waiting = ['c', 'a', 'b'].map((name) => run(name));
    const world = new World({ limit: 2 });
    world.ask(run('c'), [...waiting, accepted('x'), accepted('y')]);
    expect(world.wokenBy([...waiting, over('x'), accepted('y')])).toEqual(['n/a']);
    expect(world.wokenBy([...waiting, over('x'), over('y')])).toEqual(['n/a', 'n/b']);
    expect(world.wokenBy([...waiting, over('x')])).toEqual([]);
  });

  it('are woken by the end of runs of their own key alone, and by the deletion of one', () => {
    const world = new World({ limit: 1, key: 'params.env' });
    const [b, c] = [run('b'), run('c', { spec: { ...run('c').spec, parameters: [{ name: 'env', value: 'prod' }] } })];
    world.ask(b, [accepted('dev'), accepted('prod', 'prod'), b, c]);
    expect(world.wokenBy([accepted('dev'), over('prod'), b, c])).toEqual(['n/c']);
    expect(world.wokenBy([b, c])).toEqual(['n/b']);
  });

  it('are woken also if their key cannot be told, since it may be that of the run that ended', () => {
    const b = run('b');
    const fork = run('f', { spec: { ...b.spec, from: { run: 'x', mode: 'Retry' } } });
    const world = new World({ limit: 1, key: 'params.env' });
    world.ask(b, [accepted('dev'), b, fork]);
    expect(world.wokenBy([over('dev'), b, fork])).toEqual(['n/b', 'n/f']);
  });

  it('are all woken by the end of a run that the newest replace, and the newest if a newer one gives up', () => {
    const waiting = ['a', 'b', 'c'].map((name) => run(name));
    const world = new World({ limit: 1, policy: 'CancelRunning' });
    expect(world.ask(run('c'), [accepted('0'), ...waiting])).toBe('Replace');
    expect(world.wokenBy([accepted('0'), ...waiting.slice(0, 2)])).toEqual(['n/b']);
    expect(world.wokenBy([over('0'), ...waiting.slice(0, 2)])).toEqual(['n/a', 'n/b']);
  });

  it('are woken when one before them gives up its turn', () => {
    const [a, b] = [run('a'), run('b')];
    const paused = run('a', { spec: { ...a.spec, desiredState: 'Paused' } });
    const world = new World({ limit: 1 });
    expect(world.ask(b, [a, b])).toBe('Wait');
    expect(world.wokenBy([paused, b])).toEqual(['n/b']);
  });

  it('are not kept out by one that waits for a ConfigMap, and are woken when it says so', () => {
    const [a, b] = [run('a'), run('b')];
    const missing = { type: 'Succeeded', status: 'Unknown', reason: 'ConfigMapNotFound', message: '' } as const;
    const blocked = run('a', { status: { conditions: [{ ...missing, lastTransitionTime: '' }] } });
    const world = new World({ limit: 1 });
    expect(world.ask(b, [a, b])).toBe('Wait');
    expect(world.wokenBy([blocked, b])).toEqual(['n/b']);
    expect(world.ask(b, [blocked, b])).toBe('Go');
  });

  it('wait without asking for anything until it is their turn or their Workflow was changed', () => {
    const [a, b] = [accepted('a'), run('b')];
    const world = new World({ limit: 1 });
    world.see([a, b]);
    expect(world.isStillQueued(b)).toBe(false);
    world.ask(b, [a, b]);
    expect(world.isStillQueued(b)).toBe(true);
    world.see([over('a'), b]);
    expect(world.isStillQueued(b)).toBe(false);
  });
});

describe('a chain under a limit', () => {
  const link = (index: number, more: Partial<WorkflowRun> = {}): WorkflowRun => {
    const made = run(`a-c${index}`, more);
    const continues = { root: 'a', run: 'a', uid: 'a', index, since: '2026-01-01T00:00:00Z' };
    const metadata = { ...made.metadata, creationTimestamp: '2026-01-01T09:00:00Z' };
    return { ...made, metadata, spec: { ...made.spec, continues } };
  };

  it('keeps its place from when its next run exists, and counts once while there are two', () => {
    const waiting = run('b');
    const world = new World({ limit: 1 });
    expect(world.ask(waiting, [over('a'), link(1), waiting])).toBe('Wait');
    const two = new World({ limit: 2 });
    expect(two.ask(waiting, [accepted('a'), link(1), waiting])).toBe('Go');
  });

  it('is skipped for as one run, and is as old as its first run when the newest take its place', () => {
    const later = run('b', {
      metadata: { name: 'b', namespace: 'n', uid: 'b', creationTimestamp: '2026-01-01T05:00:00Z' },
    });
    expect(new World({ limit: 1, policy: 'Skip' }).ask(later, [over('a'), link(1), later])).toBe('Skip');
    expect(new World({ limit: 1, policy: 'CancelRunning' }).ask(later, [over('a'), link(1), later])).toBe('Replace');
  });

  it('makes room for runs of other keys as soon as its next run tells its own', () => {
    const b = run('b');
    const world = new World({ limit: 1, key: 'params.env' });
    expect(world.ask(b, [link(1), b])).toBe('Wait');
    const { status } = accepted('x', 'prod');
    expect(world.wokenBy([link(1, status ? { status } : {}), b])).toEqual(['n/b']);
  });

  it('is no run that waits for its turn', () => {
    const world = new World({ limit: 1 });
    world.ask(run('b'), [accepted('a'), run('b')]);
    expect(world.wokenBy([accepted('a'), link(1), run('b')])).toEqual([]);
    expect(world.wokenBy([over('a'), link(1), run('b')])).toEqual([]);
    expect(world.wokenBy([over('a'), over('a-c1'), run('b')])).toEqual(['n/b']);
  });
});
