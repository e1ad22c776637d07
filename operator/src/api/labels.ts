import { GROUP } from './group.ts';

/** Labels hold only what is legal and short; paths and long names are annotations. */
export const LABEL_WORKFLOW = `${GROUP}/workflow`;
export const LABEL_RUN = `${GROUP}/run`;
export const LABEL_RUN_UID = `${GROUP}/run-uid`;
export const LABEL_TASK_HASH = `${GROUP}/task-hash`;
export const LABEL_ATTEMPT = `${GROUP}/attempt`;
export const LABEL_MANAGED_BY = 'app.kubernetes.io/managed-by';
export const MANAGED_BY = 'ado';

/** The path of the task that a pod runs, for example `test[3]`. */
export const ANNOTATION_TASK = `${GROUP}/task`;
/** How many runs a run hangs below: its parent, the parent of that, and so on; absent: none. */
export const ANNOTATION_DEPTH = `${GROUP}/depth`;
/** The full digest behind a hashed name, so that AlreadyExists can be told from a stranger. */
export const ANNOTATION_DIGEST = `${GROUP}/digest`;

/** Keeps a finished pod until its result is in the run's status. */
export const FINALIZER_RESULT = `${GROUP}/result`;

/** The field manager of everything that the operator writes. */
export const FIELD_MANAGER = 'ado-operator';
