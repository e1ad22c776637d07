import {
  controllerOf,
  parseDuration,
  type Retention,
  WORKFLOW_RUN,
  type Workflow,
  type WorkflowRun,
} from '../../api/index.ts';
import { chainsOf, expiredLinks, isBetween } from './chains.ts';

const DEFAULT_SUCCEEDED = 20;
const DEFAULT_FAILED = 50;
/** Deletions of one reconcile; the next one goes on. */
const MAX_DELETIONS = 100;

export interface Expiry {
  readonly expired: readonly WorkflowRun[];
  /** Epoch milliseconds at which the next run expires by age. */
  readonly nextAt: number | undefined;
  /** More runs are expired than one reconcile deletes. */
  readonly more: boolean;
}

interface Bounds {
  readonly count: number;
  readonly ageMs: number | undefined;
}

function boundsOf(retention: Retention | undefined, succeeded: boolean): Bounds {
  const keep = succeeded ? retention?.succeeded : retention?.failed;
  const count = keep?.count ?? (succeeded ? DEFAULT_SUCCEEDED : DEFAULT_FAILED);
  return { count, ageMs: keep?.age === undefined ? undefined : parseDuration(keep.age) };
}

/** Whether a task of another run waits, or waited, for the run: then it is kept as long as that run, which owns it. */
export function isOwnedByRun({ metadata }: WorkflowRun): boolean {
  return controllerOf(metadata)?.kind === WORKFLOW_RUN.kind;
}

/** Whether the schedule of a run would start it again if it were gone: its slot is not behind the mark yet. */
function isUndecided({ status }: Workflow, { spec: { origin } }: WorkflowRun): boolean {
  const entry = status?.schedules?.find(({ name }) => name === origin?.schedule);
  if (!entry || origin?.slot === undefined) return false;
  return origin.slot > entry.lastSlot || (entry.queued?.includes(origin.slot) ?? false);
}

/**
 * The finished runs of a Workflow that are over its bounds, by outcome. Pure; a run that is not over never expires, and
 * those that other runs own neither expire nor count. A chain counts as its newest run, and goes as a whole; what it has
 * left behind goes before, beyond what is kept of it, whoever owns it.
 */
export function expiry(
  workflow: Workflow,
  runs: readonly WorkflowRun[],
  now: number,
  isKept: (run: WorkflowRun) => boolean = () => false,
): Expiry {
  const chains = new Map(chainsOf(runs).map((chain) => [chain.newest, chain]));
  const own = [...chains.keys()].filter((run) => !isOwnedByRun(run));
  const over = own.filter(({ metadata, status }) => status?.finishedAt !== undefined && !metadata.deletionTimestamp);
  const outcomes = [true, false].map((succeeded) => {
    const bounds = boundsOf(workflow.spec.retention, succeeded);
    return expiryOf(
      over.filter((run) => hasSucceeded(run) === succeeded),
      bounds,
      now,
    );
  });
  const ended = outcomes.flatMap((outcome) => outcome.expired);
  const links = [...chains.values()].flatMap((chain) => expiredLinks(workflow, chain));
  const rest = ended.flatMap((run) => chains.get(run)?.earlier ?? []);
  const expired = [...new Set([...links, ...rest, ...ended])].filter(
    (run) => isBetween(run) || (!isUndecided(workflow, run) && !isKept(run)),
  );
  const next = outcomes.flatMap(({ nextAt }) => (nextAt === undefined ? [] : [nextAt]));
  return {
    expired: expired.slice(0, MAX_DELETIONS),
    nextAt: next.length === 0 ? undefined : Math.min(...next),
    more: expired.length > MAX_DELETIONS,
  };
}

function expiryOf(
  runs: readonly WorkflowRun[],
  { count, ageMs }: Bounds,
  now: number,
): { expired: WorkflowRun[]; nextAt?: number } {
  if (runs.length <= count && ageMs === undefined) return { expired: [] };
  const ends = new Map(runs.map((run) => [run, finishedAt(run)]));
  const endOf = (run: WorkflowRun) => ends.get(run) ?? 0;
  const newestFirst = [...runs].sort((a, b) => endOf(b) - endOf(a) || (a.metadata.name < b.metadata.name ? 1 : -1));
  const kept = newestFirst.slice(0, count);
  const expired = newestFirst.slice(count);
  if (ageMs === undefined) return { expired };
  const young = kept.filter((run) => endOf(run) + ageMs > now);
  const oldest = young.at(-1);
  return {
    expired: [...expired, ...kept.slice(young.length)],
    ...(oldest ? { nextAt: endOf(oldest) + ageMs } : {}),
  };
}

const finishedAt = (run: WorkflowRun): number => Date.parse(run.status?.finishedAt ?? '');

function hasSucceeded(run: WorkflowRun): boolean {
  return run.status?.conditions?.find(({ type }) => type === 'Succeeded')?.status === 'True';
}
