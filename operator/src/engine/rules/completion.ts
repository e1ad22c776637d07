import { describeFailures, failuresIn } from '../advance/advance.ts';
import { continuesAnew } from '../advance/continuing.ts';
import type { Pass } from '../advance/pass.ts';
import type { Role } from '../plan/plan.ts';
import { isTerminal, type RunResult } from '../state/state.ts';
import { undone } from './undo.ts';

type Outcome = Omit<RunResult, 't'>;

/** Fixes the result when every task has ended, or when the run was stopped and nothing is in flight; then ends the run. */
export function completion(pass: Pass): void {
  const { state } = pass;
  if (state.finished) return;
  const outcome = state.result ? lastOutcome(pass, state.result) : outcomeOf(pass);
  if (!outcome) return;
  const hasMore = !state.result && outcome.reason !== 'Terminated' && hasAfter(pass, outcome);
  if (!hasMore) return finish(pass, outcome);
  pass.emit({ type: 'Settled', ...outcome });
  // What follows has its turn at once.
  pass.cut = true;
}

function finish(pass: Pass, outcome: Outcome): void {
  const end = continuesAnew(pass, outcome);
  if (typeof end === 'object') pass.emit({ type: 'Finished', ...end });
}

/** How the tasks of the run have ended, hooks included; undefined while they have not. */
function outcomeOf(pass: Pass): Outcome | undefined {
  const { stop } = pass.state;
  if (stop) return stopped(pass, stop);
  if (isOpen(pass, ['Main', 'Hook'])) return undefined;
  const failed = failuresIn(pass.root);
  if (failed.length === 0) return { phase: 'Succeeded', reason: 'Succeeded', message: 'all tasks succeeded' };
  return { phase: 'Failed', reason: 'TaskFailed', message: describeFailures(pass.root, failed) };
}

function stopped(pass: Pass, { reason, message }: { reason: string; message: string }): Outcome | undefined {
  for (const { unit } of pass.places()) if (!isTerminal(unit) && unit.phase !== 'Waiting') return undefined;
  return { phase: reason === 'Cancelled' || reason === 'Terminated' ? 'Cancelled' : 'Failed', reason, message };
}

/** How the run ends after undo and finally: as its tasks did, unless they ended well and finally did not. */
function lastOutcome(pass: Pass, result: RunResult): Outcome | undefined {
  if (pass.state.stop) return stopped(pass, pass.state.stop);
  if (pass.isUndoing || isOpen(pass, ['Final'])) return undefined;
  const failed = failuresIn(pass.root, ['Final']);
  const { phase, reason, message } = result;
  if (phase !== 'Succeeded' || failed.length === 0) return { phase, reason, message };
  return { phase: 'Failed', reason: 'FinallyFailed', message: describeFailures(pass.root, failed) };
}

function isOpen({ plan, state }: Pass, roles: readonly Role[]): boolean {
  return plan.order.some((name) => {
    const role = plan.tasks.get(name)?.role;
    if (!role || !roles.includes(role)) return false;
    const task = state.tasks.get(name);
    return !task || !isTerminal(task.unit);
  });
}

function hasAfter(pass: Pass, { phase }: Outcome): boolean {
  const hasFinal = [...pass.plan.tasks.values()].some(({ role }) => role === 'Final');
  return hasFinal || undone(pass, phase).length > 0;
}
