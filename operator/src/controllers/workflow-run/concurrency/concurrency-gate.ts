import {
  type Concurrency,
  type Definition,
  type Json,
  linkOf,
  objectKey,
  rootOf,
  type Workflow,
  type WorkflowRun,
} from '../../../api/index.ts';
import { decodeState, evaluate, parametersToRead, resolveParameters } from '../../../engine/index.ts';
import { byTurn, type Contender, type Turn, turnOf } from './turn.ts';

/** Runs of a workflow with one key: they count together. */
type Key = string;
/** Of a run whose key cannot be told: under way it counts with every key, waiting it keeps nobody out. */
const UNKNOWN = Symbol('unknown');
type KeyOf = Key | typeof UNKNOWN;

/**
 * Which runs of a Workflow with a limit may start. It decides on the stored runs; what it remembers is only what the
 * cache may not show yet: the runs that were let in here. Deciding and remembering is one step, so that two runs that
 * are reconciled at once never get the last place both.
 */
export class ConcurrencyGate {
  /** Uids of runs that were let in and that the cache does not show as accepted. */
  readonly #admitted = new Set<string>();
  /** Keys by uid, with the expression that they come from. The parameters of a run never change. */
  readonly #keys = new Map<string, { readonly source: string; readonly key: Key }>();
  readonly #checked = new Set<string>();

  /**
   * Whether a run may start now. The answer Go takes its place.
   * @throws ExpressionError when its key cannot be computed
   */
  ask(
    workflow: Workflow,
    definition: Definition,
    run: WorkflowRun,
    params: Readonly<Record<string, Json>>,
    siblings: readonly WorkflowRun[],
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
    const turn = turnOf(concurrency, contenderOf(run), chainsOf(active), pending.map(contenderOf));
    if (turn.type === 'Go') this.#admitted.add(uid);
    return turn;
  }

  /** Whether the runs of a Workflow were read from the server since this process began; they need to be once. */
  isChecked(workflow: Workflow): boolean {
    return this.#checked.has(workflow.metadata.uid ?? '');
  }

  /** Takes in the runs as the server has them: another leader may have let some in that the cache does not show. */
  check(workflow: Workflow, live: readonly WorkflowRun[]): void {
    for (const { metadata, spec, status } of live) {
      const hasTurn = status?.state !== undefined || spec.continues !== undefined;
      if (hasTurn && status?.finishedAt === undefined) this.#admitted.add(metadata.uid ?? '');
    }
    this.#checked.add(workflow.metadata.uid ?? '');
  }

  /** The runs that may get a place now that one has ended or changed: those next in turn, by their keys in the store. */
  next(workflow: Workflow, siblings: readonly WorkflowRun[], changed: WorkflowRun): string[] {
    const { concurrency } = workflow.spec;
    if (!concurrency) return [];
    const key = this.#keys.get(changed.metadata.uid ?? '')?.key;
    const waiting = siblings.filter((run) => {
      const known = this.#keys.get(run.metadata.uid ?? '')?.key;
      return isPending(run) && (key === undefined || known === undefined || known === key);
    });
    waiting.sort((a, b) => byTurn(contenderOf(a), contenderOf(b)));
    const count = concurrency.policy === 'CancelRunning' ? waiting.length : (concurrency.limit ?? 1);
    return waiting.slice(0, count).map(({ metadata }) => objectKey(metadata));
  }

  forget(uid: string): void {
    this.#admitted.delete(uid);
    this.#keys.delete(uid);
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
