/** One test's own namespace on the real cluster: what is given, what is done, and what comes of it. */
import {
  ANNOTATION_TASK,
  decodeEvents,
  FINALIZER_RESULT,
  type HistoryEvent,
  LABEL_ATTEMPT,
  LABEL_RUN_UID,
  type Outputs,
  type RunJournal,
  type Workflow,
  type WorkflowRun,
} from '../../src/api/index.ts';
import { RUN_JOURNALS, WORKFLOW_RUNS, WORKFLOWS } from '../../src/controllers/index.ts';
import type { Pod } from '../../src/pods/index.ts';
import {
  isNotFound,
  type KubeClient,
  type KubeObject,
  NAMESPACES,
  PODS,
  type ResourceType,
} from '../../src/runtime/index.ts';
import { apply } from './apply.ts';
import type { Kubectl } from './installation.ts';
import { type Manifest, workflowRun } from './manifests.ts';
import type { OperatorView } from './operator-view.ts';
import { historyProblems } from './oracle.ts';
import { type WaitOptions, waitFor } from './wait-for.ts';

/** What a scenario happens on. */
export interface Stage {
  readonly client: KubeClient;
  readonly kubectl: Kubectl;
  readonly operator: OperatorView;
}

type Row = NonNullable<NonNullable<WorkflowRun['status']>['tasks']>[number];

export class Scenario {
  readonly namespace: string;
  readonly #stage: Stage;

  private constructor(stage: Stage, namespace: string) {
    this.#stage = stage;
    this.namespace = namespace;
  }

  /** A new namespace in which Pod Security "restricted" is enforced. */
  static async begin(stage: Stage): Promise<Scenario> {
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    const metadata = { generateName: 'e2e-', labels } as unknown as KubeObject['metadata'];
    const made = await stage.client.create(NAMESPACES, { metadata });
    return new Scenario(stage, made.metadata.name);
  }

  /** A namespace that is there already. */
  static in(stage: Stage, namespace: string): Scenario {
    return new Scenario(stage, namespace);
  }

  /** Checks what must hold of every run when a test has ended, and lets go of the namespace. */
  async end(): Promise<void> {
    try {
      for (const run of await this.#list<WorkflowRun>(WORKFLOW_RUNS).catch(() => [])) await this.#check(run);
    } finally {
      await this.#stage.client.delete(NAMESPACES, { name: this.namespace }).catch(() => undefined);
    }
  }

  get operator(): OperatorView {
    return this.#stage.operator;
  }

  get client(): KubeClient {
    return this.#stage.client;
  }

  /** kubectl in the namespace; throws what it complained of. */
  kubectl(args: readonly string[], input?: unknown): Promise<string> {
    return this.#stage.kubectl.run(['-n', this.namespace, ...args], input);
  }

  /** What kubectl complained of. @throws Error when it did not complain */
  async refused(args: readonly string[], input?: unknown): Promise<string> {
    const { code, stdout, stderr } = await this.#stage.kubectl.try(['-n', this.namespace, ...args], input);
    if (code !== 0) return stderr;
    throw new Error(`kubectl ${args.join(' ')} was not refused: ${stdout}`);
  }

  /**
   * Applies objects as `kubectl apply --server-side --force-conflicts` does, without the CPU of a process.
   * @returns their names
   */
  async given(...objects: readonly Manifest[]): Promise<string[]> {
    const names: string[] = [];
    for (const object of objects) {
      names.push(await apply(this.client, { ...object, metadata: this.#located(object.metadata) }));
    }
    return names;
  }

  async workflow(name: string): Promise<Workflow> {
    return this.client.get<Workflow>(WORKFLOWS, { name, namespace: this.namespace });
  }

  async run(name: string): Promise<WorkflowRun> {
    return this.client.get<WorkflowRun>(WORKFLOW_RUNS, { name, namespace: this.namespace });
  }

  /** All runs, oldest first. */
  async runs(): Promise<WorkflowRun[]> {
    const runs = await this.#list<WorkflowRun>(WORKFLOW_RUNS);
    const age = ({ metadata, spec }: WorkflowRun) => `${metadata.creationTimestamp} ${spec.number ?? 0}`;
    return runs.sort((a, b) => age(a).localeCompare(age(b)));
  }

  async pods(): Promise<Pod[]> {
    return this.#list<Pod>(PODS);
  }

  async journals(): Promise<RunJournal[]> {
    return this.#list<RunJournal>(RUN_JOURNALS);
  }

  /** Waits until `probe` returns something; the failure shows the runs and what the operator said of them. */
  until<T>(what: string, probe: () => Promise<T | undefined | false>, options: WaitOptions = {}): Promise<T> {
    return waitFor(what, probe, { explain: () => this.#tell(), ...options });
  }

  /** Waits until the run satisfies `holds`, and returns it. */
  runIs(name: string, what: string, holds: (run: WorkflowRun) => boolean, options?: WaitOptions): Promise<WorkflowRun> {
    const probe = async () => {
      const run = await this.run(name);
      return holds(run) && run;
    };
    return this.until(`run ${name} ${what}`, probe, options);
  }

  /** Waits until the run is over, whatever its end. */
  ended(name: string, options?: WaitOptions): Promise<WorkflowRun> {
    return this.runIs(name, 'is over', ({ status }) => status?.finishedAt !== undefined, options);
  }

  /** Applies a Workflow with a run of the same name, and waits for its end. */
  async ran(workflow: Manifest, options?: WaitOptions): Promise<WorkflowRun> {
    const { name } = workflow.metadata;
    await this.given(workflow, workflowRun(name, name));
    return this.ended(name, options);
  }

  /** Paths of all pods, one for each attempt. */
  async podPaths(): Promise<string[]> {
    return (await this.pods()).map(({ metadata }) => metadata.annotations?.[ANNOTATION_TASK] ?? '').sort();
  }

  /** Waits until the row of a task satisfies `holds`, and returns it. */
  async taskIs(run: string, path: string, what: string, holds: (row: Row) => boolean): Promise<Row> {
    const has = (seen: WorkflowRun) => seen.status?.tasks?.some((row) => row.path === path && holds(row)) ?? false;
    return rowOf(await this.runIs(run, `has ${path} ${what}`, has), path);
  }

  /** Waits until the condition Ready of a Workflow is about its newest generation and has this status. */
  workflowIs(name: string, ready: 'True' | 'False'): Promise<Workflow> {
    return this.until(`Workflow ${name} has Ready=${ready}`, async () => {
      const seen = await this.workflow(name);
      const condition = seen.status?.conditions?.find(({ type }) => type === 'Ready');
      return condition?.status === ready && condition.observedGeneration === seen.metadata.generation && seen;
    });
  }

  /** The pod of an attempt of a task, once it exists. */
  podOf(path: string, attempt = 0): Promise<Pod> {
    return this.until(`there is a pod of ${path}, attempt ${attempt}`, async () =>
      (await this.pods()).find((pod) => isOf(pod, path, attempt)),
    );
  }

  /** The pod of an attempt of a task, once its container runs. */
  podRuns(path: string, attempt = 0): Promise<Pod> {
    return this.until(`the pod of ${path}, attempt ${attempt}, runs`, async () =>
      (await this.pods()).find((pod) => isOf(pod, path, attempt) && pod.status?.phase === 'Running'),
    );
  }

  #located(metadata: Manifest['metadata']): Manifest['metadata'] {
    return { ...metadata, namespace: metadata.namespace ?? this.namespace };
  }

  async #list<T extends KubeObject>(type: ResourceType): Promise<T[]> {
    return (await this.client.list<T>(type, { namespace: this.namespace })).items;
  }

  /** The fold of the history, and no pod of a run that is over is held back. */
  async #check(seen: WorkflowRun): Promise<void> {
    const { name, uid } = seen.metadata;
    if (seen.status?.finishedAt) {
      await this.until(`no pod of ${name} is held by its finalizer`, async () => {
        const pods = await this.client.list(PODS, {
          namespace: this.namespace,
          labelSelector: `${LABEL_RUN_UID}=${uid}`,
        });
        return !pods.items.some(({ metadata }) => metadata.finalizers?.includes(FINALIZER_RESULT));
      });
    }
    const run = await this.#runIfKept(name);
    if (run?.status?.state === undefined) return;
    const problems = historyProblems(run, await this.journals());
    if (problems.length > 0 && (await this.#runIfKept(name))) {
      throw new Error(`history of run ${name}: ${problems.join('; ')}`);
    }
  }

  /** Retention may delete a run, and its history with it, at any time. */
  async #runIfKept(name: string): Promise<WorkflowRun | undefined> {
    try {
      return await this.run(name);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** What a person would look at first. */
  async #tell(): Promise<string> {
    const [runs, pods] = await Promise.all([this.runs().catch(() => []), this.pods().catch(() => [])]);
    const states = runs.map(({ metadata, status }) => {
      const { state: _state, journal, ...shown } = status ?? {};
      return `run ${metadata.name}: ${JSON.stringify(shown)}\n  tail ${journal?.tail.slice(-2000)}`;
    });
    const containers = pods.map(({ metadata, status }) => {
      const { deletionTimestamp, finalizers } = metadata;
      return `pod ${metadata.name}: ${JSON.stringify({ deletionTimestamp, finalizers, ...status }).slice(0, 800)}`;
    });
    return [...states, ...containers, 'operator:', this.operator.logAbout(this.namespace, 8)].join('\n');
  }
}

function isOf({ metadata }: Pod, path: string, attempt: number): boolean {
  return metadata.annotations?.[ANNOTATION_TASK] === path && metadata.labels?.[LABEL_ATTEMPT] === String(attempt);
}

/** The row of a task in a run's status. @throws Error when there is none */
export function rowOf(run: WorkflowRun, path: string): Row {
  const row = run.status?.tasks?.find((candidate) => candidate.path === path);
  if (!row) throw new Error(`run ${run.metadata.name} has no task ${path}`);
  return row;
}

/** The phases of all tasks of a run that have a row, by path. */
export function phasesOf(run: WorkflowRun): Record<string, string> {
  return Object.fromEntries(run.status?.tasks?.map(({ path, phase }) => [path, phase]) ?? []);
}

/** The condition of a type. @throws Error when there is none */
export function conditionOf(object: WorkflowRun | Workflow, type: string) {
  const condition = object.status?.conditions?.find((candidate) => candidate.type === type);
  if (!condition) throw new Error(`${object.metadata.name} has no condition ${type}`);
  return condition;
}

/** The run's history, but for the pages that were cut. */
export const eventsOf = (run: WorkflowRun): HistoryEvent[] => decodeEvents(run.status?.journal?.tail ?? '[]');

/** What the run's history (its unpaged part) says that a task or item handed on. */
export function outputsOf(run: WorkflowRun, path: string): Outputs | undefined {
  for (const event of eventsOf(run)) {
    if (event.type === 'Succeeded' && event.path === path) return event.outputs;
  }
  return undefined;
}
