import {
  ANNOTATION_COMPLETIONS,
  type Completion,
  type CompletionStatus,
  continuedAs,
  type RunResult,
  type Workflow,
  type WorkflowRun,
} from '../../api/index.ts';
import { digestOf, digestText } from '../../engine/index.ts';
import { storedState } from '../stores/stored-state.ts';

const MARK_LENGTH = 12;
/** `status.finishedAt` is in whole seconds; a run without a state has no better time. */
const SECOND = 1000;

/** What a run that has ended is marked with when a trigger has acted upon it. */
export function markOf({ metadata }: Workflow, trigger: string): string {
  return digestText(`${metadata.uid}/${trigger}`).slice(0, MARK_LENGTH);
}

/** Whether a trigger of a Workflow has acted upon the end of a run. */
export function hasActed(run: WorkflowRun, target: Workflow, trigger: string): boolean {
  const mark = markOf(target, trigger);
  return (run.status?.completions?.includes(mark) ?? false) || (hasEndedBefore(run, target) && isNoted(run, mark));
}

/** Anybody who may change a run can write its annotations: they count of what ended before this was kept in status. */
const isNoted = ({ metadata }: WorkflowRun, mark: string): boolean =>
  (metadata.annotations?.[ANNOTATION_COMPLETIONS] ?? '').split(',').includes(mark);

function hasEndedBefore(run: WorkflowRun, { status }: Workflow): boolean {
  const { firstSeen } = status ?? {};
  return firstSeen === undefined || Date.parse(run.status?.finishedAt ?? '') < Date.parse(firstSeen.at);
}

/** The same for as long as the trigger waits for the same thing. */
const digestOfTrigger = ({ workflow, of, when }: Completion): string => digestOf({ workflow, of, when }).slice(0, 16);

/**
 * From when on each trigger counts: from when it was first seen as it is. One that is suspended, or that waits for
 * something else now, begins anew.
 */
export function completionStatuses({ spec, status }: Workflow, now: number): CompletionStatus[] | undefined {
  const completions = (spec.triggers?.completions ?? []).filter(({ suspend }) => suspend !== true);
  if (completions.length === 0) return undefined;
  return completions.map((completion) => {
    const { name } = completion;
    const digest = digestOfTrigger(completion);
    const known = status?.completions?.find((entry) => entry.name === name && entry.digest === digest);
    return known ?? { name, digest, since: new Date(now).toISOString() };
  });
}

/** How a run ended. */
export function resultOf(run: WorkflowRun): RunResult {
  const condition = run.status?.conditions?.find(({ type }) => type === 'Succeeded');
  if (condition?.status === 'True') return 'Succeeded';
  const isStopped = condition?.reason === 'Cancelled' || condition?.reason === 'Terminated';
  return isStopped ? 'Cancelled' : 'Failed';
}

/** The triggers of a Workflow that are to act upon the end of a run, and have not. A link of a chain that goes on is no end. */
export function awaiting(target: Workflow, run: WorkflowRun): Completion[] {
  const { finishedAt } = run.status ?? {};
  if (finishedAt === undefined || continuedAs(run) !== undefined || target.metadata.deletionTimestamp) return [];
  return (target.spec.triggers?.completions ?? []).filter((completion) => {
    if (completion.suspend || completion.workflow !== run.spec.workflowRef.name) return false;
    if (!(completion.of ?? ['Succeeded']).includes(resultOf(run))) return false;
    const entry = target.status?.completions?.find(({ name }) => name === completion.name);
    if (entry === undefined || entry.digest !== digestOfTrigger(completion)) return false;
    return !hasActed(run, target, completion.name) && endedAfter(run, finishedAt, Date.parse(entry.since));
  });
}

function endedAfter(run: WorkflowRun, finishedAt: string, since: number): boolean {
  const atMost = Date.parse(finishedAt) + SECOND;
  if (atMost <= since) return false;
  const state = storedState(run);
  if (state === undefined || state === 'Unreadable' || !state.finished) return true;
  return state.at + state.finished.t > since;
}
