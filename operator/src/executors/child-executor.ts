import {
  type Attests,
  continuedAs,
  controllerOf,
  LABEL_RUN_UID,
  linkOf,
  objectKey,
  type Proves,
  type RenderedChild,
  rootOf,
  SOMEBODY,
  type WorkflowRun,
  withProvenance,
} from '../api/index.ts';
import {
  type Clock,
  isAlreadyExists,
  isConflict,
  isControlledBy,
  isInvalid,
  isNotFound,
  type KubeClient,
  type ObjectRef,
  type ResourceType,
  type Store,
} from '../runtime/index.ts';
import { CACHE_LAG_MS } from './cache-lag.ts';
import { isChildOver } from './child-outcome.ts';
import {
  awaits,
  buildChild,
  isSaidToBeOf,
  keyOf,
  keyOfChild,
  type LiveChild,
  newestOf,
  refOf,
  seenChild,
} from './child-run.ts';
import type {
  Executor,
  LiveAttempt,
  Observation,
  Refusal,
  RunContext,
  Seen,
  StartRequest,
  Stranger,
} from './executor.ts';
import { attemptOf, disrupted, type Identities, type Known, strangerOf, type Verdict } from './identity.ts';
import { JustMade } from './just-made.ts';
import { refusalOf } from './refusal.ts';

/** How many runs may hang below one another: a Workflow that starts itself is stopped here. */
export const MAX_DEPTH = 8;
const AT_ONCE = 32;

export interface ChildExecutorOptions {
  readonly client: KubeClient;
  readonly runs: Store<WorkflowRun>;
  /** WorkflowRuns, as the client addresses them. */
  readonly type: ResourceType;
  readonly clock: Clock;
  readonly identities: Identities;
  /** Has a run looked at again that nothing else would tell of: what it started is not there. */
  readonly wake?: ((run: RunContext) => void) | undefined;
  /** Whether who asked for the parent is vouched for: then it is for the child too. */
  readonly attests: Pick<Attests, 'inherited'>;
  /** Vouches for what the operator says of a run that it makes. */
  readonly proves: Proves;
}

/** The index of the run store that finds the runs that the tasks of a run started. */
export const CHILDREN_BY_RUN_UID = 'parent-uid';

/** Under which runs a run is found by CHILDREN_BY_RUN_UID. */
export function parentUidOf({ metadata }: WorkflowRun): readonly string[] {
  const uid = metadata.labels?.[LABEL_RUN_UID];
  return uid === undefined ? [] : [uid];
}

/**
 * Runs each attempt as a run of another Workflow, with a name that only this attempt can have. A run that is waited for
 * is owned by its parent and goes with it; one that is not belongs to its own Workflow, like one that a person made.
 */
export class ChildExecutor implements Executor {
  private readonly options: ChildExecutorOptions;
  private readonly unseen: JustMade<true>;

  constructor(options: ChildExecutorOptions) {
    this.options = options;
    this.unseen = new JustMade(options.clock);
    options.runs.subscribe({
      added: (key, { metadata }) => {
        this.unseen.forget(key);
        options.identities.saw('WorkflowRun', metadata);
      },
    });
  }

  async start(run: RunContext, request: StartRequest<RenderedChild>): Promise<Refusal | undefined> {
    const { client, type } = this.options;
    const { lineage, depth } = run.asked?.() ?? { lineage: SOMEBODY, depth: 0 };
    if (depth >= MAX_DEPTH) return tooDeep(request.rendered.workflow);
    const proof = this.options.identities.proofOf('WorkflowRun', refOf(run, request).name, run, request);
    const built = this.requestedBy(await this.parentOf(run), buildChild(run, request, proof));
    const child = withProvenance(built, { lineage, depth: depth + 1 }, this.options.proves);
    const key = objectKey(child.metadata);
    if (this.unseen.get(key)) return undefined;
    if (!this.options.runs.get(key)) this.options.identities.making('WorkflowRun', child.metadata);
    try {
      await client.create(type, child, { signal: run.signal, urgency: 'high', answer: 'Unread' });
    } catch (error) {
      if (!isAlreadyExists(error)) return refusalOf(error, 'ChildRejected');
      // A stranger's run has the name: the attempt is lost as soon as it is looked for, and the next has another name.
      const existing = await this.read(run, child.metadata);
      if (!existing || this.judge(run, existing, request) !== 'Ours') this.options.wake?.(run);
      return undefined;
    }
    // The cache may have heard of it before the answer came.
    if (!this.options.runs.get(key)) this.unseen.add(key, true);
    return undefined;
  }

  async observe(run: RunContext, live: readonly LiveChild[]): Promise<Observation> {
    const known = new Map(live.map((attempt) => [keyOf(attempt), attempt]));
    const { children, strangers } = this.recognized(run, known);
    const isAwaited = (child: WorkflowRun) => awaits(known.get(keyOfChild(child)));
    const found = new Set(children.map(keyOfChild));
    const missing = live.filter((attempt) => !found.has(keyOf(attempt)));
    const cut = children.filter((child) => isAwaited(child) && continuedAs(child) !== undefined);
    const seen = children.filter((child) => !cut.includes(child)).map((child) => seenChild(child, isAwaited(child)));
    const asked: Seen[] = await Promise.all(cut.map((child) => this.askForNext(run, child)));
    for (let i = 0; i < missing.length; i += AT_ONCE) {
      asked.push(...(await Promise.all(missing.slice(i, i + AT_ONCE).map((attempt) => this.askFor(run, attempt)))));
    }
    // One that the state does not know yet is judged by its task as soon as it does.
    const isNew = children.some((child) => !known.has(keyOfChild(child)) && !isChildOver(child));
    const recheck = isNew || asked.some(({ observation }) => observation.phase !== 'Failed');
    return {
      seen: [...seen, ...asked],
      ...(recheck ? { recheckAfter: CACHE_LAG_MS } : {}),
      ...(strangers.length > 0 ? { strangers } : {}),
    };
  }

  /** Of what carries the labels of the run: for each attempt the newest of the runs that are its own, and strangers. */
  private recognized(run: RunContext, known: ReadonlyMap<string, Known>) {
    const ours: WorkflowRun[] = [];
    const strangers: Stranger[] = [];
    for (const child of this.options.runs.byIndex(CHILDREN_BY_RUN_UID, run.uid)) {
      const attempt = attemptOf(child.metadata);
      const verdict = this.judge(run, child, known.get(keyOf(attempt)) ?? attempt);
      if (verdict === 'Ours') ours.push(child);
      else strangers.push(strangerOf('WorkflowRun', child.metadata, verdict));
    }
    return { children: newestOf(ours), strangers };
  }

  /** The object that is recorded is the first of a chain; those that continue it have proofs of their own. */
  private judge(run: RunContext, child: WorkflowRun, known: Known): Verdict {
    if (rootOf(child) !== refOf(run, known).name) return 'NoProof';
    const attempt = linkOf(child) === 0 ? known : { ...known, object: undefined };
    return this.options.identities.judge('WorkflowRun', child.metadata, run, attempt, () => isSaidToBeOf(child, run));
  }

  /** A run that is missing from the cache was deleted only if a live read says so. */
  private async askFor(run: RunContext, known: LiveChild): Promise<Seen> {
    const { path, attempt } = known;
    const ref = refOf(run, known);
    if (this.unseen.get(objectKey(ref))) return { path, attempt, observation: { phase: 'Unknown' } };
    const child = await this.read(run, ref);
    const verdict = child && this.judge(run, child, known);
    if (child && verdict === 'Ours') return seenChild(child, awaits(known), { path, attempt });
    if (verdict && verdict !== 'Ours')
      return { path, attempt, observation: disrupted('WorkflowRun', ref.name, verdict) };
    const message = `the run ${ref.name} was deleted before it ended`;
    return {
      path,
      attempt,
      observation: { phase: 'Failed', cause: 'Infrastructure', reason: 'ChildDeleted', message },
    };
  }

  /** A chain ends before its end only if somebody deletes the run that continues it: a live read says so. */
  private async askForNext(run: RunContext, child: WorkflowRun): Promise<Seen> {
    const name = continuedAs(child) ?? '';
    const next = await this.read(run, { name, namespace: run.namespace });
    const attempt = attemptOf(child.metadata);
    if (next && this.judge(run, next, attempt) === 'Ours') return { ...attempt, observation: { phase: 'Unknown' } };
    const message = `the run ${name}, which continued ${child.metadata.name}, was deleted before it ended`;
    const observation = { phase: 'Failed', cause: 'Infrastructure', reason: 'ChildDeleted', message } as const;
    return { ...attempt, observation };
  }

  async cancel(run: RunContext, attempt: LiveAttempt, graceSeconds?: number): Promise<void> {
    const ref = refOf(run, attempt);
    const { children } = this.recognized(run, new Map([[keyOf(attempt), attempt]]));
    const known = children.find((child) => keyOfChild(child) === keyOf(attempt));
    const child = known ?? this.options.runs.get(objectKey(ref)) ?? (await this.read(run, ref));
    if (!child || isChildOver(child) || !this.mayCancel(run, child, attempt)) return;
    const wanted = graceSeconds === undefined ? 'Cancelled' : 'Terminated';
    const { desiredState } = child.spec;
    if (desiredState === wanted || desiredState === 'Terminated') return;
    const operations = [
      { op: 'test', path: '/metadata/uid', value: child.metadata.uid },
      { op: 'add', path: '/spec/desiredState', value: wanted },
    ] as const;
    const patch = { kind: 'json', operations } as const;
    try {
      await this.options.client.patch(this.options.type, child.metadata, patch, {
        signal: run.signal,
        answer: 'Unread',
      });
    } catch (error) {
      // Gone, or stopped by somebody else since the cache saw it.
      if (!isNotFound(error) && !isInvalid(error)) throw error;
    }
  }

  /** A run that nobody waits for goes on without its parent. */
  private mayCancel(run: RunContext, child: WorkflowRun, attempt: LiveAttempt): boolean {
    if (isControlledBy(child, run.uid)) return true;
    return attempt.task.workflow !== undefined && awaits(attempt) && this.judge(run, child, attempt) === 'Ours';
  }

  /** A run that ended holds nothing: it is kept, with its history, until its parent goes. */
  async release(): Promise<undefined> {}

  async discard(run: RunContext): Promise<void> {
    for (const { metadata } of this.options.runs.byIndex(CHILDREN_BY_RUN_UID, run.uid)) {
      if (metadata.namespace !== run.namespace) continue;
      if (metadata.deletionTimestamp || controllerOf(metadata)?.uid !== run.uid) continue;
      const preconditions = metadata.uid ? { preconditions: { uid: metadata.uid } } : {};
      try {
        await this.options.client.delete(this.options.type, metadata, { ...preconditions, signal: run.signal });
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    }
  }

  private async parentOf(run: RunContext): Promise<WorkflowRun | undefined> {
    const cached = this.options.runs.get(objectKey(run));
    return cached?.metadata.uid === run.uid ? cached : this.read(run, run);
  }

  private async read(run: RunContext, ref: ObjectRef): Promise<WorkflowRun | undefined> {
    try {
      return await this.options.client.get<WorkflowRun>(this.options.type, ref, { signal: run.signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Who asked for the parent asked for the child. */
  private requestedBy(parent: WorkflowRun | undefined, child: WorkflowRun): WorkflowRun {
    const requester = parent && this.options.attests.inherited(parent, child);
    return requester ? { ...child, spec: { ...child.spec, requester } } : child;
  }
}

function tooDeep(workflow: string): Refusal {
  const message = `the run of ${workflow} would be nested ${MAX_DEPTH + 1} levels deep; does a Workflow start itself? Use loop or forEach`;
  return { phase: 'Refused', reason: 'TooDeep', message, retry: false };
}
