import { objectKey, type Workflow, type WorkflowRun } from '../../../api/index.ts';
import type { Turn } from './turn.ts';
import { type Asking, WorkflowGate } from './workflow-gate.ts';

/**
 * Which runs of Workflows with a limit may start. It decides on the cached runs, of which it hears by `saw` and `gone`; it
 * remembers besides which runs were let in here, until the cache shows that.
 */
export class ConcurrencyGate {
  /** By namespace and name of Workflows that have or had a limit. */
  readonly #gates = new Map<string, WorkflowGate>();

  /** How many Workflows are remembered. */
  get size(): number {
    return this.#gates.size;
  }

  /**
   * Whether a run may start now. The answer Go takes its place.
   * @param siblings all cached runs of the Workflow; read only where they are not known yet
   * @throws ExpressionError when its key cannot be computed
   */
  ask(workflow: Workflow, asking: Asking, siblings: () => readonly WorkflowRun[]): Turn {
    const { metadata, spec } = workflow;
    if (!spec.concurrency) return { type: 'Go' };
    return this.#gateOf(workflow).ask(spec.concurrency, asking, siblings, metadata.generation);
  }

  /** Why a run that asked before still waits for its turn; nothing if it may not, or has to ask again. */
  stillQueued({ metadata, spec }: Workflow, run: WorkflowRun): Turn | undefined {
    if (!spec.concurrency) return undefined;
    return this.#gates.get(objectKey(metadata))?.stillQueued(spec.concurrency, run, metadata.generation);
  }

  /** Whether the runs of a Workflow were read from the server since this process began; they need to be once. */
  isChecked({ metadata }: Workflow): boolean {
    return this.#gates.get(objectKey(metadata))?.isChecked(metadata.uid ?? '') ?? false;
  }

  /** Takes in the runs as the server has them: another leader may have let some in that the cache does not show. */
  check(workflow: Workflow, live: readonly WorkflowRun[]): void {
    this.#gateOf(workflow).check(workflow.metadata.uid ?? '', live);
  }

  /**
   * Takes in a version of a run, and the one before.
   * @param workflow the cached Workflow of the run, if there is one
   * @returns keys of the runs that may get the place that it has given up, in the order of their turns
   */
  saw(workflow: Workflow | undefined, run: WorkflowRun, previous?: WorkflowRun): string[] {
    return this.#tell(workflow, run, (gate) => gate.saw(run, previous, workflow?.spec.concurrency));
  }

  /** Forgets a run that is gone. Parameters and result are those of `saw`. */
  gone(workflow: Workflow | undefined, run: WorkflowRun): string[] {
    return this.#tell(workflow, run, (gate) => gate.gone(run.metadata.uid ?? '', workflow?.spec.concurrency));
  }

  /** Forgets a Workflow that is gone, once no run of its name is left. */
  forget(workflowKey: string): void {
    if (this.#gates.get(workflowKey)?.isEmpty) this.#gates.delete(workflowKey);
  }

  #tell(
    workflow: Workflow | undefined,
    { metadata: { namespace = '' }, spec }: WorkflowRun,
    tell: (gate: WorkflowGate) => readonly { readonly name: string }[],
  ): string[] {
    const key = objectKey({ name: spec.workflowRef.name, namespace });
    const gate = this.#gates.get(key);
    if (!gate) return [];
    const next = tell(gate).map(({ name }) => objectKey({ name, namespace }));
    if (!workflow) this.forget(key);
    return next;
  }

  #gateOf({ metadata }: Workflow): WorkflowGate {
    const key = objectKey(metadata);
    const gate = this.#gates.get(key) ?? new WorkflowGate();
    this.#gates.set(key, gate);
    return gate;
  }
}
