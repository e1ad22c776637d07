import {
  type Concurrency,
  type Definition,
  type Json,
  linkOf,
  rootOf,
  type Workflow,
  type WorkflowRun,
} from '../../../../api/index.ts';
import { decodeState, evaluate, parametersToRead, resolveParameters } from '../../../../engine/index.ts';
import type { Contender, Turn } from '../turn.ts';
import { naiveTurn } from './naive-turn.ts';

/** Runs of a workflow with one key: they count together. */
type Key = string;
/** Of a run whose key cannot be told: under way it counts with every key, waiting it keeps nobody out. */
const UNKNOWN = Symbol('unknown');
type KeyOf = Key | typeof UNKNOWN;

/** What the gate has to answer, by looking at all runs of the Workflow each time. */
export class NaiveGate {
  readonly #admitted = new Set<string>();
  readonly #keys = new Map<string, { readonly source: string; readonly key: Key }>();

  ask(
    workflow: Workflow,
    definition: Definition,
    run: WorkflowRun,
    params: Readonly<Record<string, Json>>,
    siblings: readonly WorkflowRun[],
    peeks = false,
  ): Turn {
    const { concurrency } = workflow.spec;
    const { uid = '' } = run.metadata;
    if (!concurrency) return { type: 'Go' };
    const key = this.#remember(run, concurrency, params);
    if (this.#admitted.has(uid)) return { type: 'Go' };
    const { desiredState } = run.spec;
    if (desiredState !== 'Running') return { type: 'Wait', message: `waiting because desiredState is ${desiredState}` };
    const same = siblings.filter((other) => {
      const of = this.#keyOf(other, concurrency, definition);
      return of === key || (of === UNKNOWN && !isPending(other));
    });
    const active = same.filter((other) => other.metadata.uid !== uid && this.#isActive(other));
    const pending = same.filter((other) => isPending(other) && !this.#admitted.has(other.metadata.uid ?? ''));
    const turn = naiveTurn(concurrency, contenderOf(run), chainsOf(active), pending.map(contenderOf));
    if (turn.type === 'Go' && !peeks) this.#admitted.add(uid);
    return turn;
  }

  /** A run that continues another has the turn of its chain from the moment it exists. */
  #isActive({ metadata, spec, status }: WorkflowRun): boolean {
    const { uid = '' } = metadata;
    if (status?.state !== undefined || status?.finishedAt !== undefined) this.#admitted.delete(uid);
    if (status?.finishedAt !== undefined) return false;
    return status?.state !== undefined || spec.continues !== undefined || this.#admitted.has(uid);
  }

  #remember(run: WorkflowRun, concurrency: Concurrency, params: Readonly<Record<string, Json>>): Key {
    const source = concurrency.key ?? '';
    const { name, uid = '', namespace = '' } = run.metadata;
    const known = this.#keys.get(uid);
    if (known?.source === source) return known.key;
    const identity = { name, uid, namespace, workflow: run.spec.workflowRef.name };
    const key = source === '' ? '' : String(evaluate(source, { params, tasks: {}, run: identity }));
    this.#keys.set(uid, { source, key });
    return key;
  }

  #keyOf(run: WorkflowRun, concurrency: Concurrency, definition: Definition): KeyOf {
    const known = this.#keys.get(run.metadata.uid ?? '');
    if (known?.source === (concurrency.key ?? '')) return known.key;
    if (concurrency.key === undefined) return '';
    if (run.status?.finishedAt !== undefined) return UNKNOWN;
    try {
      const params = paramsOf(run, definition);
      return params ? this.#remember(run, concurrency, params) : UNKNOWN;
    } catch {
      return UNKNOWN;
    }
  }
}

/** The parameters of another run, as far as they can be told without asking the server. */
function paramsOf({ spec, status }: WorkflowRun, { parameters }: Definition): Record<string, Json> | undefined {
  if (status?.state !== undefined) return decodeState(status.state).parameters;
  if (spec.from || spec.continues || parametersToRead(parameters, spec.parameters).length > 0) return undefined;
  const resolved = resolveParameters(parameters, spec.parameters);
  return 'values' in resolved ? resolved.values : undefined;
}

/** Whether a run waits to be accepted, and wants to be. */
function isPending({ metadata, spec, status }: WorkflowRun): boolean {
  const wants = spec.desiredState === 'Running' && !metadata.deletionTimestamp && spec.continues === undefined;
  return wants && status?.state === undefined && status?.finishedAt === undefined;
}

function contenderOf({ metadata, spec }: WorkflowRun): Contender {
  const { uid = '', name, creationTimestamp = '' } = metadata;
  const createdAt = Date.parse(spec.continues?.since ?? creationTimestamp) || 0;
  return { uid, name, createdAt, priority: spec.priority ?? 0 };
}

/** A chain counts once, as its newest run, also in the moment in which two of its runs are under way. */
function chainsOf(active: readonly WorkflowRun[]): Contender[] {
  const newest = new Map<string, WorkflowRun>();
  for (const run of active) {
    const known = newest.get(rootOf(run));
    if (!known || linkOf(known) < linkOf(run)) newest.set(rootOf(run), run);
  }
  return [...newest.values()].map(contenderOf);
}
