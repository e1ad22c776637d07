import {
  type Attests,
  epochOf,
  type Lineage,
  NOBODY,
  type Proves,
  provenanceOf,
  SOMEBODY,
  type Workflow,
  type WorkflowRun,
} from '../../api/index.ts';
import { digestOfWritten } from '../values/digest.ts';

/**
 * Who asked for whatever the triggers of a Workflow start: whoever last wrote it. One that an operator of before had
 * accepted, and that nobody has changed since, was written by nobody who could still be asked.
 */
export function lineageOfWorkflow(workflow: Workflow, attests: Pick<Attests, 'writer'>): Lineage {
  const { spec, status } = workflow;
  if (spec.writer && attests.writer(workflow)) return { requesters: [spec.writer.username], unknown: false };
  if (status?.firstSeen?.written === digestOfWritten(spec)) return NOBODY;
  return SOMEBODY;
}

/**
 * Whether a run was made before an operator proved the runs that it makes: then what it says of itself is believed as it
 * was then. The API server says when an object was made, and nobody else.
 */
export function isFromBefore({ status }: Workflow, { metadata }: WorkflowRun): boolean {
  if (status === undefined) return false;
  const { firstSeen } = status;
  if (firstSeen === undefined) return true;
  const { creationTimestamp: madeAt } = metadata;
  return madeAt !== undefined && (epochOf(madeAt) ?? 0) < (epochOf(firstSeen.at) ?? 0);
}

/** Whether a trigger of a Workflow made a run for just this: by its proof, whatever its name, labels and owners are. */
export function isMadeFor(run: WorkflowRun, { metadata }: Workflow, key: string, proves: Proves): boolean {
  const made = provenanceOf(run, proves);
  return made !== undefined && made.key === key && made.workflow === metadata.uid;
}
