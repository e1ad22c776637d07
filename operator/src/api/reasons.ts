/**
 * Every reason that a condition, a task or an event may carry, with what it means. One table, so that docs, the
 * error overlay and the code use the same words.
 */
export const REASONS = {
  // Workflow
  Valid: 'The definition is valid and may be run.',
  InvalidSpec: 'The definition cannot run; the message names the field and the remedy.',
  PodRefused: 'The API server refused a dry run of a pod of this definition; the message is its answer.',
  // WorkflowRun
  WorkflowNotFound: 'The Workflow that the run names does not exist yet; the run starts when it does.',
  WorkflowNotReady: 'The Workflow that the run names is not valid yet; the run starts when it is.',
  InvalidParameters: 'A parameter is unknown, missing, or does not fit its type.',
  RevisionMissing: 'The ControllerRevision that the run executes is missing; restore it or delete the run.',
  UnknownStateVersion: 'The state was written by an operator that this one does not understand; nothing was touched.',
  JournalConflict: 'A page of the journal exists with other content than the one to be written.',
  StatusTooLarge: 'The status would exceed its budget; the run was stopped instead.',
  Running: 'Tasks are running or waiting.',
  Paused: 'Nothing new starts until desiredState is Running again; what runs goes on.',
  Cancelling: 'The run is being cancelled; its pods end with their grace period.',
  Succeeded: 'Every task succeeded, was skipped, or was allowed to fail.',
  TaskFailed: 'At least one task failed.',
  Cancelled: 'The run was cancelled by desiredState.',
  Terminated: 'The run was terminated by desiredState.',
  TimedOut: 'The timeout of the run or of the task passed.',
  Queued: 'As many runs as spec.concurrency allows are under way; the run starts when its turn comes.',
  ConcurrencySkipped: 'As many runs as spec.concurrency allows were under way, so the run was not started.',
  ConfigMapNotFound: 'A ConfigMap that a parameter takes its default from does not exist, or has no such key.',
  // Tasks: skipped
  WhenFalse: 'The task has a `when` that was false.',
  NeedFailed: 'A task that this one needs failed, or was itself skipped because of a failure.',
  NothingFailed: 'The task runs only after a failure, and nothing that it needs failed.',
  RunStopped: 'The run was stopped before the task could start.',
  // Tasks: failed
  ExitCode: 'The container ended with an exit code other than 0.',
  OOMKilled: 'The container used more memory than its limit; raise resources.limits.memory.',
  OutputsTooLarge: 'The outputs exceed what a status may hold: 4,095 bytes an attempt, 64 KiB a run.',
  OutputsInvalid: 'The outputs are neither key=value lines nor a JSON object, or do not fit their declared types.',
  ExpressionError: 'An expression could not be evaluated.',
  PendingTimeout: 'The pod could not start in time; the message says why.',
  InfrastructureFailure: 'The infrastructure failed the pod more often than is retried.',
  ItemsFailed: 'At least one item of the fan-out failed.',
  TooManyItems: 'The fan-out has more items than are allowed.',
  // Tasks: child runs
  ChildFailed: 'The run that the task started failed; the message is its own.',
  ChildCancelled: 'The run that the task started was cancelled or terminated.',
  ChildRejected: 'The API server refuses the run that the task starts; the message is its answer.',
  TooDeep: 'Runs start runs more than 8 deep; a Workflow that starts itself never ends.',
  // Tasks: resources
  ManifestInvalid: 'The manifest names no object that could be applied; the message says what is missing.',
  ResourceRejected: 'The API server refuses the object; the message is its answer.',
  ResourceForbidden: 'The service account may not do this; the message names the rule that a Role must grant.',
  ResourceFailed: 'The object satisfies failWhen.',
  ResourceDeleted: 'The object was deleted before it satisfied successWhen.',
  // Tasks: HTTP
  HttpStatus: 'The answer has a status code that is no success; successCodes says which are.',
  HttpFailed: 'No answer came: the name, the connection, the certificate or the time is the matter.',
  HttpNotAllowed: 'The operator may not ask this host; an administrator lists it, or sets an image for requests.',
  // Attempts: infrastructure
  Evicted: 'The node evicted the pod.',
  Preempted: 'The scheduler preempted the pod.',
  NodeLost: 'The node that ran the pod is gone or does not answer.',
  NodeShutdown: 'The node that ran the pod was shut down.',
  NodeAdmission: 'The node refused the pod after it was scheduled.',
  PodDeleted: 'Somebody deleted the pod.',
  PodLost: 'The pod disappeared before its result was read.',
  // Waiting
  Unschedulable: 'No node can take the pod now; the message is the scheduler’s.',
  ImagePull: 'The image could not be pulled yet.',
  ContainerConfig: 'The container could not be created; a Secret or ConfigMap may be missing.',
  Quota: 'A quota of the namespace refuses the pod for now.',
  PodRejected: 'The API server refuses the pod; the message is its answer.',
  Semaphore: 'Others hold the permits that the task takes, or its rate is used up; the message says who.',
  SemaphoreNotFound: 'The Semaphore that the task names does not exist; create it.',
  CacheBusy: 'Another attempt is computing the result that the task would take from the cache.',
  Backoff: 'The task waits before its next attempt.',
  WaitingForNeeds: 'Tasks that this one needs are not finished.',
  Parallelism: 'As many tasks as allowed run already.',
} as const;

export type Reason = keyof typeof REASONS;
