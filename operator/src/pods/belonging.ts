import {
  API_VERSION,
  LABEL_MANAGED_BY,
  LABEL_RUN,
  LABEL_RUN_UID,
  LABEL_WORKFLOW,
  MANAGED_BY,
  type OwnerReference,
  WORKFLOW_RUN,
} from '../api/index.ts';
import { asController } from '../objects/index.ts';

interface Run {
  readonly name: string;
  readonly uid: string;
  readonly workflow: string;
}

/** The labels of all objects that belong to a run. */
export function labelsOfRun({ name, uid, workflow }: Run): Record<string, string> {
  return {
    [LABEL_MANAGED_BY]: MANAGED_BY,
    [LABEL_WORKFLOW]: workflow,
    [LABEL_RUN]: name,
    [LABEL_RUN_UID]: uid,
  };
}

/** The owner reference of objects that are deleted with the run. It does not block the deletion of the run. */
export function ownedByRun({ name, uid }: Pick<Run, 'name' | 'uid'>): OwnerReference {
  const { kind } = WORKFLOW_RUN;
  return asController({ apiVersion: API_VERSION, kind, name, uid });
}
