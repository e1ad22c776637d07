/**
 * The one table of metrics. Every metric that Ado exposes is a row here: name, type, help, labels, buckets and the
 * label values that must be visible at zero from the first scrape. Names follow the Go controllers (so that stock
 * dashboards and alerts work) or start with `ado_`. Labels never hold a name of a run, a user or a pod: the number of
 * series is bounded by the number of kinds and reasons, not by the number of objects.
 */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** Upper bounds of a histogram, in the unit that the name ends with. */
  readonly buckets?: readonly number[];
  /** Label sets that exist at zero before anything happened. Metrics without labels always do. */
  readonly zero?: readonly Readonly<Record<string, string>>[];
}

const QUEUE_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;
const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;
const STATUS_BUCKETS = [1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072, 196608, 229376, 262144] as const;
const RESULTS = [
  { result: 'Succeeded' },
  { result: 'Failed' },
  { result: 'Cancelled' },
  { result: 'Terminated' },
] as const;

export const METRICS = {
  reconciles: {
    type: 'counter',
    name: 'controller_runtime_reconcile_total',
    help: 'Reconciles by controller and result (success, error, requeue, requeue_after).',
    labels: ['controller', 'result'],
  },
  reconcileErrors: {
    type: 'counter',
    name: 'controller_runtime_reconcile_errors_total',
    help: 'Reconciles that ended in an error.',
    labels: ['controller'],
  },
  reconcileTerminalErrors: {
    type: 'counter',
    name: 'controller_runtime_terminal_reconcile_errors_total',
    help: 'Reconciles that ended in an error that is not retried.',
    labels: ['controller'],
  },
  reconcilePanics: {
    type: 'counter',
    name: 'controller_runtime_reconcile_panics_total',
    help: 'Reconciles that threw a programming error.',
    labels: ['controller'],
  },
  reconcileTimeouts: {
    type: 'counter',
    name: 'controller_runtime_reconcile_timeouts_total',
    help: 'Reconciles that exceeded their time limit.',
    labels: ['controller'],
  },
  reconcileTime: {
    type: 'histogram',
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Length of one reconcile.',
    labels: ['controller'],
    buckets: QUEUE_BUCKETS,
  },
  maxConcurrentReconciles: {
    type: 'gauge',
    name: 'controller_runtime_max_concurrent_reconciles',
    help: 'Reconciles that may run at the same time.',
    labels: ['controller'],
  },
  activeWorkers: {
    type: 'gauge',
    name: 'controller_runtime_active_workers',
    help: 'Reconciles that run now.',
    labels: ['controller'],
  },
  queueDepth: {
    type: 'gauge',
    name: 'workqueue_depth',
    help: 'Keys waiting for a worker.',
    labels: ['name'],
  },
  queueAdds: {
    type: 'counter',
    name: 'workqueue_adds_total',
    help: 'Keys added to the queue after deduplication.',
    labels: ['name'],
  },
  queueRetries: {
    type: 'counter',
    name: 'workqueue_retries_total',
    help: 'Keys added again after a failure, with backoff.',
    labels: ['name'],
  },
  queueDuration: {
    type: 'histogram',
    name: 'workqueue_queue_duration_seconds',
    help: 'Time a key waited in the queue before a worker took it.',
    labels: ['name'],
    buckets: QUEUE_BUCKETS,
  },
  queueWorkDuration: {
    type: 'histogram',
    name: 'workqueue_work_duration_seconds',
    help: 'Time a worker held a key.',
    labels: ['name'],
    buckets: QUEUE_BUCKETS,
  },
  queueUnfinishedWork: {
    type: 'gauge',
    name: 'workqueue_unfinished_work_seconds',
    help: 'Sum of the time that keys have been held by workers that have not finished.',
    labels: ['name'],
  },
  queueLongestRunning: {
    type: 'gauge',
    name: 'workqueue_longest_running_processor_seconds',
    help: 'Time that the longest running worker has held its key.',
    labels: ['name'],
  },
  restRequests: {
    type: 'counter',
    name: 'rest_client_requests_total',
    help: 'Requests to the API server by status code (or <error>), method and host.',
    labels: ['code', 'method', 'host'],
  },
  restRequestDuration: {
    type: 'histogram',
    name: 'rest_client_request_duration_seconds',
    help: 'Time from sending a request to the end of its response, without watches.',
    labels: ['verb', 'host'],
    buckets: REQUEST_BUCKETS,
  },
  restRequestsInFlight: {
    type: 'gauge',
    name: 'ado_api_requests_in_flight',
    help: 'Requests to the API server that hold a slot of the in-flight cap.',
  },
  restRequestsWaiting: {
    type: 'gauge',
    name: 'ado_api_requests_waiting',
    help: 'Requests waiting for a slot of the in-flight cap.',
  },
  restThrottled: {
    type: 'counter',
    name: 'ado_api_requests_throttled_total',
    help: 'Requests resent after the API server refused them with Retry-After.',
  },
  leaderStatus: {
    type: 'gauge',
    name: 'leader_election_master_status',
    help: '1 if this process holds the lease of that name.',
    labels: ['name'],
  },
  informerSynced: {
    type: 'gauge',
    name: 'ado_informer_synced',
    help: '1 if the cache of the resource has seen a complete list.',
    labels: ['resource'],
  },
  informerObjects: {
    type: 'gauge',
    name: 'ado_informer_objects',
    help: 'Objects in the cache of the resource.',
    labels: ['resource'],
  },
  informerLastEvent: {
    type: 'gauge',
    name: 'ado_informer_last_event_timestamp_seconds',
    help: 'Unix time of the last event, bookmark or list of the resource.',
    labels: ['resource'],
  },
  informerUndecodable: {
    type: 'counter',
    name: 'ado_informer_undecodable_objects_total',
    help: 'Objects that could not be decoded.',
    labels: ['resource'],
  },
  informerHandlerErrors: {
    type: 'counter',
    name: 'ado_informer_handler_errors_total',
    help: 'Event handlers that threw.',
    labels: ['resource'],
  },
  informerRepairs: {
    type: 'counter',
    name: 'ado_informer_repaired_objects_total',
    help: 'Objects that a list changed because the watch had missed their events.',
    labels: ['resource'],
  },
  watchRestarts: {
    type: 'counter',
    name: 'ado_watch_restarts_total',
    help: 'Watch restarts, by reason.',
    labels: ['resource', 'reason'],
  },
  eventsEmitted: {
    type: 'counter',
    name: 'ado_kube_events_written_total',
    help: 'Kubernetes Events created or updated.',
  },
  eventsDropped: {
    type: 'counter',
    name: 'ado_kube_events_dropped_total',
    help: 'Kubernetes Events not written, by reason.',
    labels: ['reason'],
    zero: [{ reason: 'RateLimited' }, { reason: 'QueueFull' }, { reason: 'Failed' }],
  },
  runsActive: { type: 'gauge', name: 'ado_runs_active', help: 'Runs that have not ended.' },
  runsCompleted: {
    type: 'counter',
    name: 'ado_runs_completed_total',
    help: 'Runs that ended, by result.',
    labels: ['result'],
    zero: RESULTS,
  },
  tasksStarted: { type: 'counter', name: 'ado_tasks_started_total', help: 'Task attempts started.' },
  tasksCompleted: {
    type: 'counter',
    name: 'ado_tasks_completed_total',
    help: 'Tasks that ended, by result.',
    labels: ['result'],
    zero: [...RESULTS, { result: 'Skipped' }],
  },
  podsLost: {
    type: 'counter',
    name: 'ado_pods_lost_total',
    help: 'Pods that disappeared before their result was recorded.',
  },
  logsArchived: {
    type: 'counter',
    name: 'ado_logs_archived_total',
    help: 'Logs of finished pods to archive, by result.',
    labels: ['result'],
    zero: [{ result: 'Stored' }, { result: 'Empty' }, { result: 'Failed' }, { result: 'Skipped' }],
  },
  artifactSweeps: {
    type: 'counter',
    name: 'ado_artifact_sweeps_total',
    help: 'Sweeps of artifacts and logs that deleted runs left in a store, by result; Incomplete: some runs have an unreadable policy.json.',
    labels: ['result'],
    zero: [{ result: 'Succeeded' }, { result: 'Incomplete' }, { result: 'Failed' }],
  },
  hookRequests: {
    type: 'counter',
    name: 'ado_webhook_requests_total',
    help: 'Requests to webhooks, by result.',
    labels: ['result'],
    zero: [
      { result: 'Accepted' },
      { result: 'Duplicate' },
      { result: 'Filtered' },
      { result: 'Unauthorized' },
      { result: 'TooLarge' },
      { result: 'TooSlow' },
      { result: 'RateLimited' },
      { result: 'Unavailable' },
    ],
  },
  hookDuration: {
    type: 'histogram',
    name: 'ado_webhook_request_duration_seconds',
    help: 'Time from the headers of a request to a webhook to its answer.',
    buckets: REQUEST_BUCKETS,
  },
  statusBytes: {
    type: 'histogram',
    name: 'ado_status_bytes',
    help: 'Size of the status of a run as written.',
    buckets: STATUS_BUCKETS,
  },
  statusPatchDuration: {
    type: 'histogram',
    name: 'ado_status_patch_duration_seconds',
    help: 'Time to write the status of a run.',
    buckets: REQUEST_BUCKETS,
  },
  journalPages: { type: 'counter', name: 'ado_journal_pages_total', help: 'Journal pages written.' },
  eventLoopDelay: {
    type: 'gauge',
    name: 'ado_event_loop_delay_seconds',
    help: 'Delay of the event loop since the previous scrape (mean, p50, p99, max).',
    labels: ['stat'],
    zero: [{ stat: 'mean' }, { stat: 'p50' }, { stat: 'p99' }, { stat: 'max' }],
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricTable = typeof METRICS;
