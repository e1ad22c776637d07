import {
  STATUS_BUDGET_BYTES,
  STATUS_REFUSED_BYTES,
  type WorkflowRun,
  type WorkflowRunStatus,
} from '../../../api/index.ts';
import type { Page } from '../../../engine/index.ts';
import { utf8Length } from '../../../json/index.ts';
import {
  isInvalid,
  isNotFound,
  isPatchMismatch,
  type JsonPatchOperation,
  TerminalError,
} from '../../../runtime/index.ts';
import { WORKFLOW_RUNS } from '../../resources.ts';
import { showStalled } from '../../stalled.ts';
import type { RunDeps } from '../deps.ts';
import { storePage } from '../history/pages.ts';

/**
 * The one status write of a reconcile. It is conditional on the sequence number (on the resource version while there is
 * none), so two writers can never both succeed; after any failure the object is read before the next decision.
 */
export async function reportStatus(
  deps: RunDeps,
  run: WorkflowRun,
  status: WorkflowRunStatus,
  signal: AbortSignal,
): Promise<WorkflowRun> {
  const bytes = utf8Length(JSON.stringify(status));
  if (bytes > STATUS_REFUSED_BYTES) {
    throw new TerminalError(
      'StatusTooLarge',
      `the status would exceed ${STATUS_REFUSED_BYTES} bytes and was not written`,
    );
  }
  const memory = deps.memories.of(run.metadata.uid ?? '');
  const started = deps.clock.monotonic();
  memory.isDoubtful = true;
  const patched = await patchStatus(deps, run, status, signal);
  memory.isDoubtful = false;
  memory.collisions = 0;
  memory.latest = patched;
  memory.successSince = undefined;
  measure(deps, patched, bytes, deps.clock.monotonic() - started);
  return patched;
}

/** @throws ApiError when the API server rejects the status, after the run was shown as stalled */
async function patchStatus(
  deps: RunDeps,
  run: WorkflowRun,
  status: WorkflowRunStatus,
  signal: AbortSignal,
): Promise<WorkflowRun> {
  const patch = { kind: 'json', operations: statusOperations(run, status) } as const;
  try {
    return await deps.client.patch<WorkflowRun>(WORKFLOW_RUNS, run.metadata, patch, { subresource: 'status', signal });
  } catch (error) {
    if (isInvalid(error)) await showStalled(deps, WORKFLOW_RUNS, run, error, signal);
    throw error;
  }
}

function statusOperations(run: WorkflowRun, status: WorkflowRunStatus): JsonPatchOperation[] {
  const seq = run.status?.seq;
  if (seq === undefined) {
    return [
      { op: 'test', path: '/metadata/resourceVersion', value: run.metadata.resourceVersion },
      { op: 'add', path: '/status', value: status },
    ];
  }
  const isHandedOver = status.chain?.next !== undefined && run.status?.chain?.next === undefined;
  return [
    { op: 'test', path: '/metadata/uid', value: run.metadata.uid },
    { op: 'test', path: '/status/seq', value: seq },
    // What people want of a run is handed on to the next one until it has ended; after that it cannot be changed.
    ...(isHandedOver ? [{ op: 'test', path: '/spec/desiredState', value: run.spec.desiredState } as const] : []),
    { op: 'replace', path: '/status', value: status },
  ];
}

/** @param statusBytes of the status that was written; the rest of the run is small, and is all that is serialised here */
function measure(deps: RunDeps, patched: WorkflowRun, statusBytes: number, ms: number): void {
  const { status: _status, ...rest } = patched;
  const bytes = statusBytes + utf8Length(JSON.stringify(rest));
  deps.metrics.statusBytes.observe(bytes);
  deps.metrics.statusPatchDuration.observe(ms / 1000);
  if (bytes <= STATUS_BUDGET_BYTES) return;
  const note = `the stored run is ${bytes} bytes; the budget is ${STATUS_BUDGET_BYTES} bytes`;
  deps.recorder.event(patched, 'Warning', 'StatusTooLarge', 'Report', note);
}

/** Whether a write failed because somebody else changed the run first: read it and decide again. */
export const isStale = (error: unknown): boolean => isPatchMismatch(error) || isNotFound(error);

/**
 * Stores a page of history before the tail that it came from is trimmed. Returns what people are to know of it, if others
 * have taken its name: the run goes on, and what they have written is never read.
 */
export async function reportPage(
  deps: RunDeps,
  run: WorkflowRun,
  page: Page,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { isNew, strangers } = await storePage(deps, run, page, signal);
  if (isNew) deps.metrics.journalPages.inc();
  if (strangers.length === 0) return undefined;
  const what = `the RunJournal ${strangers.join(', ')} has the name of a history page but was not created by Ado`;
  return `${what}; the page was stored intact under another name and the run continues; delete the foreign RunJournal`;
}
