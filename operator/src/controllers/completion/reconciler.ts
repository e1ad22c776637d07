import {
  ANNOTATION_COMPLETIONS,
  ANNOTATION_DIGEST,
  type Completion,
  objectKey,
  type Workflow,
  type WorkflowRun,
} from '../../api/index.ts';
import {
  isAlreadyExists,
  isInvalid,
  isNotFound,
  type KubeClient,
  parseKey,
  type ReconcileContext,
  type Recorder,
  type Result,
} from '../../runtime/index.ts';
import { WORKFLOW_RUNS } from '../resources.ts';
import type { Stores } from '../stores.ts';
import { awaiting, BY_COMPLETION_SOURCE, markOf, marksOf } from './awaiting.ts';
import { wantedOf } from './made-run.ts';

export interface CompletionDeps {
  readonly client: KubeClient;
  readonly stores: Pick<Stores, 'workflows' | 'runs'>;
  readonly recorder: Recorder;
}

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
    const marks = marksOf(run);
    for (const target of this.#targetsOf(run)) {
      for (const completion of awaiting(target, run)) {
        this.#tell(target, run, completion, await this.#act(target, completion, run, signal));
        marks.add(markOf(target, completion.name));
      }
    }
    if (marks.size > marksOf(run).size) await this.#mark(run, marks, signal);
    return {};
  }

  /** Workflows with triggers that wait for the run. One that is not valid waits until it is. */
  #targetsOf(run: WorkflowRun): Workflow[] {
    const { stores } = this.#deps;
    const source = objectKey({ name: run.spec.workflowRef.name, namespace: run.metadata.namespace ?? '' });
    const targets = stores.workflows.byIndex(BY_COMPLETION_SOURCE, source);
    return targets.filter((target) => isReady(target) && awaiting(target, run).length > 0);
  }

  async #act(target: Workflow, completion: Completion, source: WorkflowRun, signal: AbortSignal): Promise<Outcome> {
    const wanted = wantedOf(target, completion, source);
    if (wanted === 'Nothing' || 'refusal' in wanted) return wanted;
    for (const name of wanted.names) {
      const run = { ...wanted.run, metadata: { ...wanted.run.metadata, name } };
      try {
        await this.#deps.client.create(WORKFLOW_RUNS, run, { signal, answer: 'Unread' });
        return { made: name };
      } catch (error) {
        if (isInvalid(error)) return { refusal: error.message };
        if (!isAlreadyExists(error)) throw error;
      }
      if (await this.#isOurs(run, signal)) return { made: name };
    }
    return { refusal: `runs of others have its names, from ${wanted.names[0]} on; delete them` };
  }

  async #isOurs({ metadata }: WorkflowRun, signal: AbortSignal): Promise<boolean> {
    const existing = await this.#read(objectKey(metadata), signal);
    // Deleted since: it was there.
    return (
      !existing || existing.metadata.annotations?.[ANNOTATION_DIGEST] === metadata.annotations?.[ANNOTATION_DIGEST]
    );
  }

  async #read(key: string, signal: AbortSignal): Promise<WorkflowRun | undefined> {
    try {
      return await this.#deps.client.get<WorkflowRun>(WORKFLOW_RUNS, parseKey(key), { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** @throws ApiError (a conflict) when the run has changed since it was read; then all is done again */
  async #mark({ metadata }: WorkflowRun, marks: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    const { uid, resourceVersion } = metadata;
    const annotations = { [ANNOTATION_COMPLETIONS]: [...marks].sort().join(',') };
    const body = { metadata: { uid, resourceVersion, annotations } };
    try {
      await this.#deps.client.patch(WORKFLOW_RUNS, metadata, { kind: 'merge', body }, { signal, answer: 'Unread' });
    } catch (error) {
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

function isReady({ metadata, status }: Workflow): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' && status?.observedGeneration === metadata.generation;
}
