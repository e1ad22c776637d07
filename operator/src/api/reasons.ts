/**
 * Every reason that a condition, a task or an event may carry, with what it means. One table, so that docs, the
 * error overlay and the code use the same words.
 */
export const REASONS = {
  // Workflow
  Valid: 'The definition is valid and can run.',
  InvalidSpec: 'The definition cannot run; the message names the field and the remedy.',
  PodRefused: 'The API server rejected a dry run of a pod of this definition; the message is its answer.',
  TemplateNotFound:
    'A template that the tasks use does not exist or lacks the requested version; the message names it.',
  VersionReused: 'The version already exists with different content; raise spec.version.',
  // Schedules
  SlotStarted: 'The run of the newest slot was started.',
  SlotSkipped: 'Slots were skipped because a run of the schedule was active; set overlap to change this.',
  SlotQueued: 'Slots wait for the previous run to end.',
  SlotsMissed: 'Slots could not start in time; catchUp determines what happens to them.',
  SlotRefused: 'The run of a slot cannot be created; the message says why.',
  ScheduleSuspended: 'The schedule is suspended; slots that pass are not caught up.',
  ScheduleEnded: 'The schedule has no further slots.',
  ClockBehind:
    'The clock is behind slots that have already started; the next one starts when the clock has passed them.',
  // Backfill
  ScheduleNotFound: 'The Workflow has no schedule of that name, or is not valid yet.',
  WindowInvalid: 'The window is empty, ends in the future, or has more slots than a Backfill allows.',
  RunsFailed: 'The runs of some slots failed.',
  // WorkflowRun
  WorkflowNotFound: 'The Workflow that the run names does not exist yet; the run starts when it does.',
  WorkflowNotReady: 'The Workflow that the run names is not valid yet; the run starts when it is.',
  InvalidParameters: 'A parameter is unknown, missing, or does not match its type.',
  InvalidOrigin: 'The run cannot be repeated in this way; the message says why.',
  RevisionMissing: 'The ControllerRevision that the run executes is missing; restore it or delete the run.',
  RevisionForged:
    'The ControllerRevision with the definition is not the pinned one; the message says how it differs and what to do.',
  UnknownStateVersion:
    'The state was written by an operator version that this one does not understand; nothing was changed.',
  HistoryDamaged:
    'Pages of the history were forged, changed or deleted; the message names them. They are not used for decisions.',
  StatusTooLarge: 'The status would exceed its budget; the run was stopped instead.',
  Running: 'Tasks are running or waiting.',
  Paused: 'Nothing new starts until desiredState is Running again; running tasks continue.',
  Cancelling: 'The run is being cancelled; its pods end with their grace period.',
  Succeeded: 'Every task succeeded, was skipped, or was allowed to fail.',
  TaskFailed: 'At least one task failed.',
  Cancelled: 'The run was cancelled by desiredState.',
  Terminated: 'The run was terminated by desiredState.',
  TimedOut: 'The timeout of the run or of the task expired.',
  Queued: 'spec.concurrency allows no more active runs; the run starts when its turn comes.',
  ConcurrencySkipped: 'spec.concurrency allowed no more active runs, so the run was not started.',
  ContinuedAsNew: 'The run continues as a new one, which the message names.',
  NotContinued: 'The run cannot continue as a new one and goes on as it is; the message says why.',
  NameTaken: 'An object with the required name already exists; delete it.',
  ChainBusy: 'The previous run of the chain has not ended yet.',
  PredecessorGone: 'The run that this one continues is gone, along with the state to take over.',
  ConfigMapNotFound: 'A ConfigMap that a parameter takes its default from does not exist or lacks the key.',
  TriggerRefused: 'A trigger fired, but its run could not be created; the message says why.',
  // Tasks: skipped
  WhenFalse: 'The `when` of the task was false.',
  NeedFailed: 'A task that this one needs failed, or was itself skipped because of a failure.',
  NothingFailed: 'The task runs only after a failure, and nothing that it needs failed.',
  NotTriggered: 'The event of the hook did not happen.',
  RunStopped: 'The run was stopped before the task could start.',
  // Tasks: failed
  ExitCode: 'The container ended with a nonzero exit code.',
  InitContainerFailed: 'An injected init container failed; the message names it.',
  OOMKilled:
    'The container exceeded its memory limit; raise resources.limits.memory. On a task that succeeded: one of its processes was killed for it.',
  StorageExceeded: 'The task exceeded one of its storage limits; the message names the limit to raise.',
  OutputsTooLarge:
    'The outputs exceed a limit: 4,095 bytes per attempt, 1 MiB for what one task reads, 100 MiB per run; the message says which.',
  OutputsNearLimit: 'The outputs have reached 70% of a limit; the message says which, and what to do.',
  OutputMissing: 'The task succeeded without an output that it declares; write the output, or set optional: true.',
  OutputsInvalid: 'The outputs are neither key=value lines nor a JSON object, or do not match their declared types.',
  ExpressionError: 'An expression could not be evaluated.',
  PendingTimeout: 'An attempt could not start within pendingTimeout; the message says what kept it.',
  InfrastructureFailure: 'The pod failed because of the infrastructure more often than it is retried.',
  AttemptTimedOut: 'The attempt did not end within attemptTimeout.',
  FinallyFailed: 'The tasks succeeded, but a finally task failed.',
  FailFast: 'Another item failed and the fan-out has failFast: this item was stopped or never started.',
  TasksFailed: 'At least one task of the template, or a generated task, failed.',
  IterationFailed: 'An iteration of the loop failed.',
  MaxIterations: 'The loop did not end within maxIterations.',
  LoopStateTooLarge: 'The state of the loop exceeds 4,096 bytes.',
  GeneratedInvalid: 'The generated tasks cannot run; the message names the field.',
  TemplateMissing: 'The definition of the run lacks a template that it uses.',
  ItemsFailed: 'At least one item of the fan-out failed.',
  ArtifactFailed: 'An artifact could not be fetched or stored; the message says which and why.',
  RepeatedKey: 'Two items of the fan-out have the same key.',
  TooManyItems: 'The fan-out has more items than allowed.',
  // Tasks: child runs
  ChildFailed: 'The run that the task started failed; the message is its own.',
  ChildCancelled: 'The run that the task started was cancelled or terminated.',
  ChildRejected: 'The API server rejects the run that the task starts; the message is its answer.',
  TooDeep: 'Runs start runs more than 8 levels deep; a Workflow that starts itself never ends.',
  // Tasks: resources
  ManifestInvalid: 'The manifest does not identify an object to apply; the message says what is missing.',
  ResourceRejected: 'The API server rejects the object; the message is its answer.',
  ResourceForbidden: 'The service account lacks a permission or may not be used; the message says what to grant.',
  ResourceConflict:
    'Other managers own fields of the object with other values; the message names both, and resource.conflict decides.',
  ResourceFailed: 'The object satisfies failWhen.',
  ResourceDeleted: 'The object was deleted before it satisfied successWhen.',
  // Tasks: HTTP
  HttpStatus: 'The status code of the response does not count as success; see successCodes.',
  HttpFailed: 'No response: DNS, connection, TLS or timeout error.',
  HttpNotAllowed:
    'The operator may not send requests to this host; an administrator can allow it or set an image for requests.',
  // Tasks: signals
  SignalNameTaken: 'Other objects have the names of the Signal that the task needs; the message names them.',
  SignalRejected: 'The API server rejects the Signal that the task needs; the message is its answer.',
  // Signals
  Waiting: 'The signal waits; its status says for what.',
  RunEnded: 'The run ended before a task took the signal.',
  RunNotFound: 'The run that the signal names does not exist.',
  TaskEnded: 'The task that asked through the signal ended without it.',
  NotAsked: 'No task asked through this signal: the operator did not create it.',
  // Tasks and signals: answers
  Rejected: 'Somebody who was asked rejected it; the message says who.',
  Expired: 'Nobody answered in time.',
  Approved: 'It has the required approvals.',
  Delivered: 'A task took it.',
  Unattested: 'The admission webhook does not attest the author, and the task does not allow unattested answers.',
  NotAllowed: 'The user is not among those who may answer.',
  NotYetAsked: 'The user may answer only after escalation.',
  Requester: 'The requester of the run may not decide.',
  RequesterUnknown: 'The requester of the run is not known for certain and may not decide.',
  ShownDiffers: 'The user was shown something different from what is asked.',
  ValuesInvalid: 'The values do not match the requested ones; the message names the field.',
  // Attempts: infrastructure
  Evicted: 'The node evicted the pod.',
  Preempted: 'The scheduler preempted the pod.',
  NodeLost: 'The node of the pod is gone or does not respond.',
  NodeShutdown: 'The node of the pod was shut down.',
  NodeAdmission: 'The node rejected the pod after it was scheduled.',
  PodDeleted: 'Somebody deleted the pod.',
  StrangerIgnored: 'An object carries marks of the run but was not created by the operator; it is ignored.',
  Disrupted: 'Somebody replaced the object of the attempt with another; the attempt is repeated.',
  PodLost: 'The pod disappeared before its result was read.',
  ChildDeleted: 'Somebody deleted the run that the task started.',
  AnswerLost: 'The operator was restarted before the answer to its request was recorded.',
  // Waiting
  Starting: 'It was requested but has not started; for a pod, the node is starting it.',
  Unschedulable: 'No node can run the pod now; the message is from the scheduler.',
  ImagePull: 'The image could not be pulled yet.',
  ContainerConfig: 'The container could not be created; a Secret or ConfigMap may be missing.',
  CrashLoopBackOff: 'A sidecar keeps failing, so the task cannot start; the message names it.',
  InitContainerRunning: 'An injected init container has not ended; the message names it.',
  FailedMount:
    'A volume cannot be mounted, for example because its Secret or ConfigMap is missing; the message is from the kubelet.',
  FailedAttachVolume: 'A volume cannot be attached to the node; the message is from the control plane.',
  FailedCreatePodSandBox: 'The node cannot set up the pod, for example its network; the message is from the kubelet.',
  Quota: 'A quota of the namespace rejects the object for now; raise the quota, or wait for other objects to end.',
  PodRejected: 'The API server rejects the pod; the message is its answer.',
  Semaphore: 'Other attempts hold the permits that the task needs, or the rate is exhausted; the message says who.',
  SemaphoreTooSmall:
    'The task needs more permits than the Semaphore has, or than its rate allows at once; raise them or request fewer.',
  SemaphoreNotFound: 'The Semaphore that the task names does not exist; create it.',
  CacheBusy: 'Another attempt is computing the result that the task would read from the cache.',
  Approval: 'Somebody must decide; the message says who and how.',
  Signal: 'Somebody must send data to the run; the message says who and how.',
  Backoff: 'The task waits before its next attempt.',
  Sleeping: 'The task sleeps until the time in `until`.',
  LoopDelay: 'The loop waits before its next iteration.',
  WaitingForTasks: 'A finally task waits until all other tasks have ended.',
  WaitingForNeeds: 'Tasks that this one needs have not finished.',
  Parallelism: 'The maximum number of tasks is already running.',
} as const;

export type Reason = keyof typeof REASONS;
