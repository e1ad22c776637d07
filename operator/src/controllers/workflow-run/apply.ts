import { type Action, attemptKey, type Plan } from '../../engine/index.ts';
import type { Executor, Refusal, RunContext } from '../../executors/index.ts';

/** Requests of one run that are under way at once: enough to be quick, few enough to leave room for other runs. */
const AT_ONCE = 16;

/**
 * Carries out what was decided. Returns the starts that were refused, by attempt key: then another decision is needed,
 * which takes the refusals into account, and nothing of this one may be reported.
 */
export async function apply(
  executor: Executor,
  context: RunContext,
  plan: Plan,
  actions: readonly Action[],
): Promise<Map<string, Refusal>> {
  const refusals = new Map<string, Refusal>();
  const waiting = [...actions];
  const worker = async () => {
    for (let action = waiting.shift(); action; action = waiting.shift()) {
      const refusal = await carryOut(executor, context, plan, action);
      if (refusal) refusals.set(attemptKey(action.path, action.attempt), refusal);
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: Math.min(AT_ONCE, actions.length) }, worker));
  const broken = workers.find((result) => result.status === 'rejected');
  if (broken) throw broken.reason;
  return refusals;
}

async function carryOut(
  executor: Executor,
  context: RunContext,
  plan: Plan,
  action: Action,
): Promise<Refusal | undefined> {
  const { path, attempt } = action;
  if (action.type === 'Cancel') {
    await executor.cancel(context, { path, attempt }, action.graceSeconds);
    return undefined;
  }
  const planned = plan.tasks.get(action.task);
  if (!planned) throw new RangeError(`the plan has no task ${action.task}`);
  const { defaults } = plan.definition;
  return executor.start(context, { path, attempt, task: planned.task, defaults, rendered: action.rendered });
}
