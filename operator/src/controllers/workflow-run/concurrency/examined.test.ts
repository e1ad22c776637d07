import { describe, expect, it } from 'vitest';
import type { Definition, Workflow, WorkflowRun } from '../../../api/index.ts';
import { accept, encodeState } from '../../../engine/index.ts';
import { createStores, RUNS_BY_WORKFLOW } from '../../stores/stores.ts';
import { ConcurrencyGate } from './concurrency-gate.ts';
import { followRuns } from './follow-runs.ts';

const definition: Definition = { parameters: [{ name: 'env', default: 'dev' }], tasks: [{ name: 'a', run: 'true' }] };
const workflow: Workflow = {
  ...{ apiVersion: '', kind: '', metadata: { name: 'w', namespace: 'n', uid: 'w' } },
  spec: { ...definition, concurrency: { limit: 1, key: 'params.env' } },
};

/** One run in progress and so many that wait, of which each look is counted. */
class World {
  readonly woken: string[] = [];
  readonly #gate = new ConcurrencyGate();
  readonly #stores = createStores(false);
  readonly #examined = new Set<string>();

  constructor(queued: number) {
    this.#stores.workflows.put({ key: 'n/w', uid: 'w', resourceVersion: '1', value: workflow });
    followRuns(this.#gate, this.#stores, (key) => void this.woken.push(key));
    this.#put('active', { state: encodeState(accept('d', { env: 'dev' }, 0).state) });
    for (let index = 0; index < queued; index++) this.#put(`queued-${String(index).padStart(4, '0')}`);
    this.ask('queued-0000');
  }

  /** How many other runs are looked at when one asks. */
  ask(name: string): number {
    const cached = () => this.#stores.runs.byIndex(RUNS_BY_WORKFLOW, 'n/w');
    const run = this.#stores.runs.get(`n/${name}`);
    if (!run) throw new Error(`there is no run ${name}`);
    this.#examined.clear();
    expect(this.#gate.ask(workflow, { run, definition, params: { env: 'dev' } }, cached).type).toBe('Wait');
    this.#examined.delete(name);
    return this.#examined.size;
  }

  /** How many runs are looked at when the active one ends. */
  end(): number {
    this.#examined.clear();
    this.#put('active', { state: '{}', finishedAt: '2026-01-01T00:00:01Z' });
    this.#examined.delete('active');
    return this.#examined.size;
  }

  #put(name: string, status?: WorkflowRun['status']): void {
    const plain: WorkflowRun = {
      ...{ apiVersion: '', kind: '', metadata: { name, namespace: 'n', uid: name } },
      spec: { workflowRef: { name: 'w' }, desiredState: 'Running' },
      ...(status ? { status } : {}),
    };
    const examined = this.#examined;
    const value = new Proxy(plain, {
      get: (run, field) => {
        examined.add(name);
        return Reflect.get(run, field);
      },
    });
    this.#stores.runs.put({ key: `n/${name}`, uid: name, resourceVersion: JSON.stringify(status ?? {}), value });
  }
}

describe('a run that asks for its turn', () => {
  it.each([500, 2_000])('looks at no other of %d queued runs', (queued) => {
    const world = new World(queued);
    const last = `queued-${String(queued - 1).padStart(4, '0')}`;
    expect([world.ask(last), world.ask('queued-0001')]).toEqual([0, 0]);
  });

  it.each([500, 2_000])('is woken alone, without a look at the others, when one of %d has the next turn', (queued) => {
    const world = new World(queued);
    expect(world.end()).toBe(0);
    expect(world.woken).toEqual(['n/queued-0000']);
  });
});
