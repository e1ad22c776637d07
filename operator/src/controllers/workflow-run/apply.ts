import { type Action, attemptKey } from '../../engine/index.ts';
import type { Executor, Hit, Refusal, RunContext } from '../../executors/index.ts';

/** Requests of one run that are under way at once: enough to be quick, few enough to leave room for other runs. */
const AT_ONCE = 16;

/** What became of a start that was not made. */
export type Answer = Refusal | Hit;

/**
 * Carries out what was decided. Returns the starts that were refused or had nothing to do, by attempt key: then another
 * decision is needed, which takes the answers into account, and nothing of this one may be reported.
 */
export async function apply(
  executor: Executor,
  context: RunContext,
  actions: readonly Action[],
): Promise<Map<string, Answer>> {
  const answers = new Map<string, Answer>();
  const waiting = [...actions];
  const worker = async () => {
    for (let action = waiting.shift(); action; action = waiting.shift()) {
      const answer = await carryOut(executor, context, action);
      if (answer) answers.set(attemptKey(action.path, action.attempt), answer);
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: Math.min(AT_ONCE, actions.length) }, worker));
  const broken = workers.find((result) => result.status === 'rejected');
  if (broken) throw broken.reason;
  return answers;
}

async function carryOut(executor: Executor, context: RunContext, action: Action): Promise<Answer | undefined> {
  if (action.type === 'Start') return executor.start(context, action);
  await executor.cancel(context, action, action.graceSeconds);
  return undefined;
}
