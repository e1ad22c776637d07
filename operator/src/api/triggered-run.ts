import { asController } from '../objects/index.ts';
import { API_VERSION } from './group.ts';
import { WORKFLOW, WORKFLOW_RUN } from './kinds.ts';
import { LABEL_WORKFLOW } from './labels.ts';
import type { Workflow, WorkflowRun } from './object.ts';
import type { Proves } from './proves.ts';
import { type Made, withProvenance } from './run-provenance.ts';
import type { WorkflowRunSpec } from './workflow-run.ts';

/** What a trigger says of the run that it makes. */
export interface Triggered extends Omit<Made, 'workflow'> {
  readonly name: string;
  readonly origin: NonNullable<WorkflowRunSpec['origin']>;
  readonly parameters?: NonNullable<WorkflowRunSpec['parameters']>;
  readonly number?: number | undefined;
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * The run that a trigger of a Workflow makes: it is of that Workflow's namespace, found by its label, and goes with it.
 * That it was made so is proven.
 * @param workflow as it was read: an owner is known by its uid
 */
export function triggeredRun(workflow: Workflow, triggered: Triggered, proves: Proves): WorkflowRun {
  const { name: owner, namespace = '', uid = '' } = workflow.metadata;
  const { name, origin, parameters = [], number, labels, ...made } = triggered;
  const owned = { apiVersion: API_VERSION, kind: WORKFLOW.kind, name: owner, uid };
  const run: WorkflowRun = {
    apiVersion: API_VERSION,
    kind: WORKFLOW_RUN.kind,
    metadata: {
      name,
      namespace,
      labels: { [LABEL_WORKFLOW]: owner, ...labels },
      ownerReferences: [asController(owned)],
    },
    spec: {
      workflowRef: { name: owner },
      ...(parameters.length > 0 ? { parameters } : {}),
      desiredState: 'Running',
      origin,
      ...(number === undefined ? {} : { number }),
    },
  };
  return withProvenance(run, { ...made, workflow: uid }, proves);
}
