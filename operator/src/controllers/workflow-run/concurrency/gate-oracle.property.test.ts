import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Concurrency, Definition, Workflow, WorkflowRun } from '../../../api/index.ts';
import { accept, encodeState } from '../../../engine/index.ts';
import { createStores, RUNS_BY_WORKFLOW } from '../../stores/stores.ts';
import { ConcurrencyGate } from './concurrency-gate.ts';
import { followRuns } from './follow-runs.ts';
import { NaiveGate } from './testing/naive-gate.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
const ENVS = ['dev', 'prod'] as const;
const definition: Definition = { parameters: [{ name: 'env', default: 'dev' }], tasks: [{ name: 't', run: 'true' }] };

type Shape = 'plain' | 'fork' | 'link' | 'wrong';
interface Made {
  readonly env: (typeof ENVS)[number];
  readonly priority: number;
  readonly age: number;
  readonly shape: Shape;
}

/** One Workflow whose runs change at random, the gate beside what it has to answer. */
class World {
  readonly #gate = new ConcurrencyGate();
  readonly #naive = new NaiveGate();
  readonly #stores = createStores(false);
  readonly #made = new Map<string, Made>();
  /** Names of the runs that were told to wait and have not been woken since. */
  readonly #waits = new Set<string>();
  #concurrency: Concurrency;
  #version = 0;

  constructor(concurrency: Concurrency) {
    this.#concurrency = concurrency;
    this.#putWorkflow();
    followRuns(this.#gate, this.#stores, (key) => void this.#waits.delete(key.slice('n/'.length)));
  }

  make(name: string, made: Made): void {
    if (this.#get(name) || !this.#isPossible(name, made.shape)) return;
    this.#made.set(name, made);
    const { env, priority, age, shape } = made;
    const parameters = [{ name: shape === 'wrong' ? 'other' : 'env', value: env }];
    const since = new Date(age * 1000).toISOString();
    this.#put({
      ...{ apiVersion: '', kind: '' },
      metadata: { name, namespace: 'n', uid: `${name}-${++this.#version}`, creationTimestamp: since },
      spec: {
        ...{ workflowRef: { name: 'w' }, desiredState: 'Running', priority },
        ...(shape === 'link'
          ? {
              continues: {
                root: 'a',
                run: 'a',
                uid: 'a',
                index: 1 + (NAMES as readonly string[]).indexOf(name),
                since,
              },
            }
          : { parameters }),
        ...(shape === 'fork' ? { from: { run: 'x', mode: 'Retry' } } : {}),
      },
    } as WorkflowRun);
  }

  /** The first run of a chain has begun before there is another. */
  #isPossible(name: string, shape: Shape): boolean {
    if (shape === 'link') return name !== 'a' && this.#get('a')?.status !== undefined;
    return name !== 'a' || ![...this.#stores.runs.values()].some(({ spec }) => spec.continues);
  }

  begin(name: string): void {
    const run = this.#get(name);
    if (!run || run.status) return;
    const env = this.#made.get(name)?.env ?? 'dev';
    this.#put({ ...run, status: { state: encodeState(accept('d', { env }, 0).state) } });
  }

  end(name: string): void {
    const run = this.#get(name);
    if (run) this.#put({ ...run, status: { ...run.status, finishedAt: '2026-01-01T00:00:01Z' } });
  }

  want(name: string, desiredState: 'Running' | 'Paused'): void {
    const run = this.#get(name);
    if (run) this.#put({ ...run, spec: { ...run.spec, desiredState } });
    // Its own change has it asked again.
    this.#waits.delete(name);
  }

  remove(name: string): void {
    this.#stores.runs.remove(`n/${name}`);
    this.#waits.delete(name);
  }

  limit(limit: number): void {
    this.#concurrency = { ...this.#concurrency, limit };
    this.#putWorkflow();
    this.#waits.clear();
  }

  /** A run without state asks both, which have to say the same in the same words. */
  ask(name: string): void {
    const run = this.#get(name);
    if (!run || run.status || run.spec.continues || this.#made.get(name)?.shape === 'wrong') return;
    const params = { env: this.#made.get(name)?.env ?? 'dev' };
    const cached = () => this.#stores.runs.byIndex(RUNS_BY_WORKFLOW, 'n/w');
    const turn = this.#gate.ask(this.#workflow, { run, definition, params }, cached);
    expect(turn).toEqual(this.#naive.ask(this.#workflow, definition, run, params, cached()));
    if (turn.type === 'Wait' || turn.type === 'Replace') this.#waits.add(name);
    else this.#waits.delete(name);
  }

  /** A run that waits and could go now was woken. */
  check(): void {
    const siblings = this.#stores.runs.byIndex(RUNS_BY_WORKFLOW, 'n/w');
    for (const name of this.#waits) {
      const run = this.#get(name);
      if (!run || run.status || run.spec.desiredState !== 'Running') continue;
      const params = { env: this.#made.get(name)?.env ?? 'dev' };
      const { type } = this.#naive.ask(this.#workflow, definition, run, params, siblings, true);
      expect(`${name}: ${type}`).not.toBe(`${name}: Go`);
    }
  }

  get #workflow(): Workflow {
    const metadata = { name: 'w', namespace: 'n', uid: 'w', generation: this.#version };
    return { apiVersion: '', kind: '', metadata, spec: { ...definition, concurrency: this.#concurrency } };
  }

  #putWorkflow(): void {
    const resourceVersion = String(++this.#version);
    this.#stores.workflows.put({ key: 'n/w', uid: 'w', resourceVersion, value: this.#workflow });
  }

  #get(name: string): WorkflowRun | undefined {
    return this.#stores.runs.get(`n/${name}`);
  }

  #put(value: WorkflowRun): void {
    const { name, uid = '' } = value.metadata;
    this.#stores.runs.put({ key: `n/${name}`, uid, resourceVersion: String(++this.#version), value });
  }
}

const made = fc.record<Made>({
  env: fc.constantFrom(...ENVS),
  priority: fc.nat(2),
  age: fc.nat(3),
  shape: fc.constantFrom<Shape>('plain', 'plain', 'fork', 'link', 'wrong'),
});
const name = fc.constantFrom(...NAMES);
const change = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constant('make' as const), name, made) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('ask' as const), name) },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom('begin' as const, 'begin' as const, 'end' as const, 'remove' as const), name),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant('want' as const), name, fc.constantFrom('Running' as const, 'Paused' as const)),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constant('limit' as const), fc.integer({ min: 1, max: 3 })) },
);
const concurrency = fc.record<Concurrency>(
  {
    limit: fc.integer({ min: 1, max: 3 }),
    policy: fc.constantFrom('Queue', 'Skip', 'CancelRunning'),
    key: fc.constant('params.env'),
  },
  { requiredKeys: [] },
);

describe('the gate, which hears of changes', () => {
  it('answers as if it looked at all runs each time, and wakes each run that waited and may go', () => {
    fc.assert(
      fc.property(concurrency, fc.array(change, { minLength: 30, maxLength: 80 }), (terms, changes) => {
        const world = new World(terms);
        for (const [what, ...args] of changes) {
          (world[what] as (...all: unknown[]) => void)(...args);
          world.check();
        }
      }),
      { numRuns: 500 },
    );
  });
});
