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

/** What whatever belongs to a run is found by. */
export function labelsOfRun({ name, uid, workflow }: Run): Record<string, string> {
  return {
    [LABEL_MANAGED_BY]: MANAGED_BY,
    [LABEL_WORKFLOW]: workflow,
    [LABEL_RUN]: name,
    [LABEL_RUN_UID]: uid,
  };
}

/** The run as the owner of what goes with it. It never waits for that to be gone. */
export function ownedByRun({ name, uid }: Pick<Run, 'name' | 'uid'>): OwnerReference {
  const { kind } = WORKFLOW_RUN;
  return asController({ apiVersion: API_VERSION, kind, name, uid });
}
