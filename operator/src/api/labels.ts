import { GROUP } from './group.ts';

/** Labels hold only what is legal and short; paths and long names are annotations. */
export const LABEL_WORKFLOW = `${GROUP}/workflow`;
export const LABEL_RUN = `${GROUP}/run`;
export const LABEL_RUN_UID = `${GROUP}/run-uid`;
export const LABEL_TASK_HASH = `${GROUP}/task-hash`;
export const LABEL_ATTEMPT = `${GROUP}/attempt`;
/** The first run of a chain of runs that continue one another, on all of them; its value is that run's name. */
export const LABEL_CHAIN = `${GROUP}/chain`;
/** On runs of a schedule, also those that a Backfill made; its value is the name of the schedule. */
export const LABEL_SCHEDULE = `${GROUP}/schedule`;
/** Marks a ConfigMap that holds the cached result of a task; its value is the short digest of the key. */
export const LABEL_CACHE = `${GROUP}/cache`;
/** On a namespace that another operator serves: its account, as NAMESPACE.NAME. The webhook is not asked there. */
export const LABEL_OPERATOR = `${GROUP}/operator`;
export const LABEL_MANAGED_BY = 'app.kubernetes.io/managed-by';
export const MANAGED_BY = 'ado';

/** On the versions of templates: the template by name, its kind, and as an annotation the version itself. */
export const LABEL_TEMPLATE = `${GROUP}/template`;
export const LABEL_TEMPLATE_KIND = `${GROUP}/template-kind`;
export const ANNOTATION_VERSION = `${GROUP}/version`;

/** The path of the task that a pod runs, for example `test[3]`. */
export const ANNOTATION_TASK = `${GROUP}/task`;
/** The code by which operators know what they made for an attempt: labels and owners can be written by anybody. */
export const ANNOTATION_PROOF = `${GROUP}/proof`;
/** Seconds of grace that the task's own container has, where its pod has more for storing artifacts. */
export const ANNOTATION_GRACE = `${GROUP}/grace-seconds`;
/** What a task says of its failureMessage, if it says anything; on the cached copy of a pod what follows from that. */
export const ANNOTATION_FAILURE_MESSAGE = `${GROUP}/failure-message`;
/** Why the operator ended a pod whose task had ended: containers of others went on in it. */
export const ANNOTATION_ENDED = `${GROUP}/ended`;
/** Prefix of the labels of objects that a task applies as its own service account: not the operator's, and so not its marks. */
export const RESOURCE_LABEL_PREFIX = `resource.${GROUP}`;
/** Prefix of labels that name the claims that a pod mounts: `<prefix>/<name>`, with a hash of the claim as value. */
export const WORKSPACE_LABEL_PREFIX = `workspace.${GROUP}`;
/** The full digest behind a hashed name, so that AlreadyExists can be told from a stranger. */
export const ANNOTATION_DIGEST = `${GROUP}/digest`;

/** Who computes a cached result or did so, as JSON. */
export const ANNOTATION_HOLDER = `${GROUP}/holder`;
/** How long a cached result may be used, in milliseconds from when it was stored. */
export const ANNOTATION_MAX_AGE = `${GROUP}/max-age-ms`;

/** On a run that ended before an operator kept this in status: the completion triggers that have acted upon it. */
export const ANNOTATION_COMPLETIONS = `${GROUP}/completions`;

/** Keeps a finished pod until its result is in the run's status. */
export const FINALIZER_RESULT = `${GROUP}/result`;

/** Keeps a signal that asks for an approval until what was answered is in the run's status. */
export const FINALIZER_ANSWERS = `${GROUP}/answers`;

/** The field manager of everything that the operator writes. */
export const FIELD_MANAGER = 'ado-operator';
