import {
  type AttemptObservation,
  type Condition,
  causeWithin,
  type WaitingReason,
  type WorkflowRun,
} from '../api/index.ts';

const STOPPED: ReadonlySet<string> = new Set(['Cancelled', 'Terminated']);
/** What a run waits for that may never come. One that waits for its turn goes on without a limit. */
const WAITING: readonly WaitingReason[] = ['WorkflowNotFound', 'WorkflowNotReady', 'ConfigMapNotFound'];
const MAX_MESSAGE = 400;

/** Whether a run has come to its end. */
export function isChildOver(child: WorkflowRun): boolean {
  const status = endOf(child)?.status;
  return status === 'True' || status === 'False';
}

/** What a run says of the attempt that started it. One that is not awaited has done its part by existing. */
export function observeChild(child: WorkflowRun, isAwaited: boolean): AttemptObservation {
  const { metadata, status } = child;
  const created = epochOf(metadata.creationTimestamp) ?? 0;
  const end = endOf(child);
  if (!isAwaited) {
    const outputs = { run: metadata.name, status: status?.phase ?? 'Pending' };
    return { phase: 'Succeeded', message: '', outputs, startedAt: created, finishedAt: created };
  }
  const startedAt = epochOf(status?.startedAt);
  if (end?.status === 'True') {
    const outputs = { run: metadata.name, status: 'Succeeded' };
    return { phase: 'Succeeded', message: '', outputs, ...timesOf(child) };
  }
  if (end?.status === 'False') return { ...failure(child, end), ...timesOf(child) };
  const reason = WAITING.find((word) => word === end?.reason);
  if (reason && end) return { phase: 'Pending', reason, message: end.message.slice(0, MAX_MESSAGE), since: created };
  return { phase: 'Running', startedAt: startedAt ?? created };
}

function failure({ metadata }: WorkflowRun, { reason, message }: Condition) {
  const isStopped = STOPPED.has(reason);
  const said = causeWithin(`run ${metadata.name}: ${reason}: ${message}`, MAX_MESSAGE);
  return {
    phase: 'Failed',
    cause: 'User',
    reason: isStopped ? 'ChildCancelled' : 'ChildFailed',
    message: said,
  } as const;
}

const endOf = ({ status }: WorkflowRun): Condition | undefined =>
  status?.conditions?.find(({ type }) => type === 'Succeeded');

function timesOf({ status }: WorkflowRun): { startedAt?: number; finishedAt?: number } {
  const startedAt = epochOf(status?.startedAt);
  const finishedAt = epochOf(status?.finishedAt);
  return { ...(startedAt === undefined ? {} : { startedAt }), ...(finishedAt === undefined ? {} : { finishedAt }) };
}

function epochOf(time: string | undefined): number | undefined {
  const ms = Date.parse(time ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}
