import type { Json } from '../api/index.ts';
import { bindingsFor } from './bindings.ts';
import { type Bindings, ExpressionError, evaluate } from './expression/index.ts';
import { findUnit, type Pass } from './pass.ts';
import { formatPath } from './paths.ts';
import type { PlannedTask } from './plan.ts';
import { renderTask } from './render.ts';
import { MAX_MESSAGE_LENGTH } from './state.ts';

/** How many items a fan-out may have; the schema bounds written lists by the same number. */
export const MAX_ITEMS = 5000;

/** Whether an attempt was started, was refused for now, or the unit is over. */
export type StartResult = 'Started' | 'Refused' | 'Over';

/** The bindings of a task, or of one item of its fan-out. */
export function unitBindings(pass: Pass, planned: PlannedTask, index?: number): Bindings {
  const bindings = bindingsFor(pass.identity, pass.plan, pass.state, planned);
  if (index === undefined) return bindings;
  return { ...bindings, item: itemsOf(pass, planned)[index] ?? null, index };
}

/**
 * The items of a fan-out, in order. They are never stored: the definition and the outputs they come from are.
 * @throws ExpressionError when `itemsFrom` cannot be evaluated or yields no list
 */
export function itemsOf(pass: Pass, planned: PlannedTask): Json[] {
  const { name, forEach } = planned.task;
  const known = pass.items.get(name);
  if (known) return known;
  const items = forEach?.itemsFrom
    ? evaluate(forEach.itemsFrom, bindingsFor(pass.identity, pass.plan, pass.state, planned))
    : ((forEach?.items ?? []) as Json[]);
  if (!Array.isArray(items)) throw new ExpressionError('forEach.itemsFrom does not yield a list');
  pass.items.set(name, items);
  return items;
}

/** Fails a unit for an expression, and lets every other error through: those are bugs. */
export function failForExpression(pass: Pass, path: string, error: unknown): void {
  if (!(error instanceof ExpressionError)) throw error;
  const message = error.message.slice(0, MAX_MESSAGE_LENGTH);
  pass.emit({ type: 'Failed', path, failure: { reason: 'ExpressionError', message } });
}

/** Starts the next attempt of a unit, unless its create was already refused in this reconcile. */
export function startUnit(pass: Pass, planned: PlannedTask, index?: number): StartResult {
  const { name } = planned.task;
  const path = formatPath(name, index);
  const attempt = (findUnit(pass.state, path)?.attempt ?? -1) + 1;
  const seen = pass.observation(path, attempt);
  if (seen?.phase === 'Refused') {
    if (seen.retry) return 'Refused';
    pass.emit({
      type: 'Failed',
      path,
      failure: { reason: seen.reason, message: seen.message.slice(0, MAX_MESSAGE_LENGTH) },
    });
    return 'Over';
  }
  try {
    const rendered = renderTask(planned.task, pass.plan.definition.defaults, unitBindings(pass, planned, index));
    pass.act({ type: 'Start', path, task: name, attempt, rendered });
    pass.emit({ type: 'Started', path, attempt });
    return 'Started';
  } catch (error) {
    failForExpression(pass, path, error);
    return 'Over';
  }
}
