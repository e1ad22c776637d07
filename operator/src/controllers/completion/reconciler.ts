import {
  ANNOTATION_DIGEST,
  type Attests,
  type Completion,
  joined,
  MAX_COMPLETIONS,
  objectKey,
  type Proves,
  type Workflow,
  type WorkflowRun,
} from '../../api/index.ts';
import { isFromBefore, isMadeFor, lineageOfWorkflow } from '../../engine/index.ts';
import {
  createNamed,
  isInvalid,
  isNotFound,
  isPatchMismatch,
  type KubeClient,
  parseKey,
  type ReconcileContext,
  type Recorder,
  type Result,
  WaitingError,
} from '../../runtime/index.ts';
import { lineageOf } from '../lineage.ts';
import { tellOfTakenNames } from '../name-taken.ts';
import { WORKFLOW_RUNS } from '../resources.ts';
import { BY_COMPLETION_SOURCE } from '../stores/completion-sources.ts';
import type { Stores } from '../stores/stores.ts';
import { awaiting, markOf } from './awaiting.ts';
import { wantedOf } from './made-run.ts';

export interface CompletionDeps {
  readonly client: KubeClient;
  readonly stores: Pick<Stores, 'workflows' | 'runs'>;
  readonly recorder: Recorder;
  readonly attests: Attests;
  readonly proves: Proves;
}

const STALE_AGAIN_MS = 100;

/** What became of a trigger: nothing to tell, the run that it has, or why it has none. */
type Outcome = 'Nothing' | { readonly made: string } | { readonly refusal: string };

/**
 * Acts upon the end of a run: makes a run for each trigger that waits for it, and then marks the run that has ended with
 * those that have acted. A crash in between finds the runs by their names; retention leaves both sides alone until then.
 */
export class CompletionReconciler {
  readonly #deps: CompletionDeps;

  constructor(deps: CompletionDeps) {
    this.#deps = deps;
  }

  async reconcile(key: string, { signal }: ReconcileContext): Promise<Result> {
    const cached = this.#deps.stores.runs.get(key);
    if (!cached || this.#targetsOf(cached).length === 0) return {};
    // Marks that another leader wrote may not be in the cache yet.
    const run = await this.#read(key, signal);
    if (!run || run.metadata.uid !== cached.metadata.uid) return {};
    const marks = new Set(run.status?.completions);
    for (const target of this.#targetsOf(run)) {
      for (const completion of awaiting(target, run)) {
        this.#tell(target, run, completion, await this.#act(target, completion, run, signal));
        marks.add(markOf(target, completion.name));
      }
    }
    if (marks.size > (run.status?.completions?.length ?? 0)) await this.#mark(run, marks, signal);
    return {};
  }

  /** Workflows with triggers that wait for the run. One that is not valid waits until it is. */
  #targetsOf(run: WorkflowRun): Workflow[] {
    const { stores } = this.#deps;
    const source = objectKey({ name: run.spec.workflowRef.name, namespace: run.metadata.namespace ?? '' });
    const targets = stores.workflows.byIndex(BY_COMPLETION_SOURCE, source);
    return targets.filter((target) => isReady(target) && awaiting(target, run).length > 0);
  }

  async #act(target: Workflow, completion: Completion, run: WorkflowRun, signal: AbortSignal): Promise<Outcome> {
    const { attests, proves, client, recorder, stores } = this.#deps;
    const lineage = joined(lineageOf(run, { attests, proves }), lineageOfWorkflow(target, attests));
    const wanted = wantedOf(target, completion, { run, lineage }, proves);
    if (wanted === 'Nothing' || 'refusal' in wanted) return wanted;
    const { key, names, build } = wanted;
    const isOurs = (existing: WorkflowRun) => isForEnd(existing, target, key, proves);
    const { namespace = '' } = target.metadata;
    const known = names
      .map((name) => stores.runs.get(objectKey({ namespace, name })))
      .find((each) => each && isOurs(each));
    if (known) return { made: known.metadata.name };
    try {
      const { object, strangers } = await createNamed(client, WORKFLOW_RUNS, names, build, isOurs, { signal });
      tellOfTakenNames(recorder, target, strangers, object?.metadata.name);
      if (object) return { made: object.metadata.name };
      return { refusal: `its run names, starting with ${names[0]}, are taken by other runs; delete those runs` };
    } catch (error) {
      if (isInvalid(error)) return { refusal: error.message };
      throw error;
    }
  }

  async #read(key: string, signal: AbortSignal): Promise<WorkflowRun | undefined> {
    try {
      return await this.#deps.client.get<WorkflowRun>(WORKFLOW_RUNS, parseKey(key), { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** In the status, which nobody else writes. @throws WaitingError when the run has changed since it was read */
  async #mark({ metadata }: WorkflowRun, marks: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    const operations = [
      { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
      { op: 'add', path: '/status/completions', value: [...marks].slice(-MAX_COMPLETIONS).sort() },
    ] as const;
    const options = { subresource: 'status', signal, answer: 'Unread' } as const;
    try {
      await this.#deps.client.patch(WORKFLOW_RUNS, metadata, { kind: 'json', operations }, options);
    } catch (error) {
      if (isPatchMismatch(error))
        throw new WaitingError('Collision', 'the run changed concurrently; reading it again', STALE_AGAIN_MS);
      if (!isNotFound(error)) throw error;
    }
  }

  #tell(target: Workflow, source: WorkflowRun, { name }: Completion, outcome: Outcome): void {
    if (outcome === 'Nothing') return;
    const { name: ended } = source.metadata;
    const { recorder } = this.#deps;
    if ('made' in outcome) {
      recorder.event(target, 'Normal', 'RunStarted', 'Trigger', `started run ${outcome.made} after run ${ended}`);
      return;
    }
    const note = `trigger "${name}" started no run after run ${ended}: ${outcome.refusal}`;
    recorder.event(target, 'Warning', 'TriggerRefused', 'Trigger', note);
  }
}

/** Whether a run is the one for this end; one from before there were proofs says so itself. */
function isForEnd(run: WorkflowRun, target: Workflow, key: string, proves: Proves): boolean {
  if (isMadeFor(run, target, key, proves)) return true;
  return run.metadata.annotations?.[ANNOTATION_DIGEST] === key && isFromBefore(target, run);
}

function isReady({ metadata, status }: Workflow): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' && status?.observedGeneration === metadata.generation;
}
