import { parseDuration, type WorkflowRun } from '../../api/index.ts';
import { encodeState } from '../../engine/index.ts';
import type { RunContext } from '../../executors/index.ts';
import { TerminalError } from '../../runtime/index.ts';
import { shownLineage } from '../lineage.ts';
import { acceptRun } from './acceptance/accept.ts';
import type { Accepted, NotYet } from './acceptance/acceptance.ts';
import type { RunDeps } from './deps.ts';
import { signalOf } from './observe.ts';
import { inProgress, statusWithoutState, stuck, unsuccessful } from './report/status.ts';
import type { RunResult } from './requeue.ts';
import { show, warnIfForged } from './show.ts';
import type { Work } from './work.ts';

/** How long a new run may wait for its Workflow before a write says so. */
const PATIENCE_MS = parseDuration('3s');

/** A run without state: accepted, refused for good, or told what it waits for. */
export async function beginRun(deps: RunDeps, run: WorkflowRun, context: RunContext): Promise<Work | RunResult> {
  const now = deps.clock.now();
  try {
    const accepted = await acceptRun(deps, run, now, signalOf(context));
    if ('declined' in accepted) {
      const wishes = unsuccessful(accepted.declined, accepted.message);
      await show(deps, run, statusWithoutState(run, 'Cancelled', wishes, now), context);
      return {};
    }
    return 'state' in accepted ? workOf(deps, run, accepted, context) : await wait(deps, run, accepted, context);
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    await show(deps, run, statusWithoutState(run, 'Failed', unsuccessful(error.reason, error.message), now), context);
    return {};
  }
}

function workOf(deps: RunDeps, run: WorkflowRun, accepted: Accepted, context: RunContext): Work {
  const { revision, content, state, encoded, lineage, asked } = accepted;
  const status = { ...run.status, ...(lineage ? { origin: lineage } : {}), requesters: shownLineage(asked) };
  const first = { before: encodeState(state), unstored: encoded, journal: undefined };
  return { run: { ...run, status }, context, plan: deps.plans.of(content), revision, ...first };
}

/** Says what a run waits for, but not in its first moments: most often its Workflow is just being pinned. */
async function wait(
  deps: RunDeps,
  run: WorkflowRun,
  { reason, message, lookAgainAfter }: NotYet,
  context: RunContext,
): Promise<RunResult> {
  const now = deps.clock.now();
  const { desiredState } = run.spec;
  if (desiredState === 'Cancelled' || desiredState === 'Terminated') {
    const wishes = unsuccessful(desiredState, 'stopped by desiredState before it started');
    await show(deps, run, statusWithoutState(run, 'Cancelled', wishes, now), context);
    return {};
  }
  const age = now - Date.parse(run.metadata.creationTimestamp ?? '');
  if (age < PATIENCE_MS) return { requeueAfter: PATIENCE_MS, priority: 'new' };
  const wishes = reason === 'RevisionForged' ? stuck(reason, message) : inProgress(reason, message);
  const isNews = await show(deps, run, statusWithoutState(run, 'Pending', wishes, now), context);
  if (isNews) warnIfForged(deps, run, reason, message);
  return lookAgainAfter === undefined ? {} : { requeueAfter: lookAgainAfter, priority: 'new' };
}
