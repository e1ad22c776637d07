import type { AttemptObservation } from '../../api/index.ts';
import { NotGivenError, UnreadableError } from '../bindings/placed-data.ts';
import { renderClaims, renderTask } from '../bindings/render.ts';
import { unitBindings } from '../bindings/unit-bindings.ts';
import { type Bindings, ExpressionError, evaluateBoolean, inField } from '../expression/index.ts';
import { renderSignal } from '../signals/render-signal.ts';
import { attemptKey } from '../state/paths.ts';
import { MAX_MESSAGE_LENGTH } from '../state/state.ts';
import type { Place } from '../state/walk.ts';
import { keyOf } from '../values/items.ts';
import { missingFailure } from '../values/outputs.ts';
import { beginLoop } from './begin-loop.ts';
import { compute } from './compute.ts';
import { generate } from './generate.ts';
import { hold } from './holding.ts';
import type { Pass } from './pass.ts';
import { sleep } from './sleep.ts';
import { succeed } from './success.ts';
import { openTemplate } from './template.ts';

/** Whether a unit was started, cannot start now, or is over. */
export type StartResult = 'Started' | 'Refused' | 'Over';
type Answer = Extract<AttemptObservation, { phase: 'Hit' | 'Refused' }>;

/**
 * Fails a unit for an expression, unless that reads what the pass was not given: then nothing is decided on it. Lets every
 * other error through: those are bugs.
 */
export function failForExpression(pass: Pass, path: string, error: unknown): StartResult {
  if (error instanceof NotGivenError) return 'Refused';
  if (!(error instanceof ExpressionError)) throw error;
  const message = error.message.slice(0, MAX_MESSAGE_LENGTH);
  const reason = error instanceof UnreadableError ? error.failure : 'ExpressionError';
  pass.emit({ type: 'Failed', path, failure: { reason, message } });
  return 'Over';
}

/**
 * The answer of `when`.
 * @throws ExpressionError when it has none
 */
export const isWhenTrue = (when: string, bindings: Bindings): boolean =>
  inField('when', () => evaluateBoolean(when, bindings));

/** Starts a unit that waits: its loop, what the engine does itself, or its next attempt. */
export function startUnit(pass: Pass, place: Place): StartResult {
  const { planned, loop, path } = place;
  const { task, action, backend } = planned;
  if (backend !== undefined && !(task.loop && !loop))
    return pass.mayBegin(planned) ? startAttempt(pass, place) : 'Refused';
  if (!pass.mayOpen()) return 'Refused';
  try {
    if (task.loop && !loop) return beginLoop(pass, place);
    if (action === 'sleep') return sleep(pass, place);
    if (action === 'compute') return compute(pass, place);
    return action === 'generate' ? generate(pass, place) : openTemplate(pass, place);
  } catch (error) {
    return failForExpression(pass, path, error);
  }
}

/** What follows from a start that was asked for in this reconcile and not made. */
function takeAnswer(pass: Pass, place: Place, seen: Answer): StartResult {
  if (seen.phase === 'Hit') {
    takeCached(pass, place, seen);
    return 'Over';
  }
  if (seen.retry) return hold(pass, place, seen) ? 'Refused' : 'Over';
  const message = seen.message.slice(0, MAX_MESSAGE_LENGTH);
  pass.emit({ type: 'Failed', path: place.path, failure: { reason: seen.reason, message } });
  return 'Over';
}

/** Ends a unit with the result of an earlier attempt. */
function takeCached(pass: Pass, place: Place, { outputs, from }: Extract<AttemptObservation, { phase: 'Hit' }>): void {
  const failure = missingFailure(place.planned.task.outputs, outputs, `in the cached result of ${from}`);
  if (failure) pass.emit({ type: 'Failed', path: place.path, failure });
  else succeed(pass, place, outputs, { from });
}

/** Starts the next attempt of a unit, unless its start was already answered in this reconcile. */
function startAttempt(pass: Pass, place: Place): StartResult {
  const { planned, frame, path, unit } = place;
  const { task } = planned;
  const attempt = unit.attempt + 1;
  const seen = pass.observation(path, attempt);
  if (seen?.phase === 'Hit' || seen?.phase === 'Refused') return takeAnswer(pass, place, seen);
  try {
    const bindings = unitBindings(pass, place);
    const { nodes } = unit;
    const texts =
      planned.backend === 'Signal'
        ? renderSignal(planned, unit, pass.identity, bindings)
        : renderTask(task, frame.plan.defaults, bindings, frame.plan.parameters);
    const rendered = nodes && texts.backend === 'Pod' ? { ...texts, avoidNodes: nodes } : texts;
    const claims = renderClaims(task, bindings);
    // After rendering: a task whose expressions fail ends all the same, or what follows from its end never comes.
    if (pass.observed.only?.has(attemptKey(path, attempt)) === false) {
      pass.cut = true;
      return 'Refused';
    }
    const { defaults } = frame.plan;
    pass.act({ type: 'Start', path, attempt, task, defaults, rendered, ...(claims ? { claims } : {}) });
    const key = place.loop ? undefined : keyOf(task.forEach, bindings);
    pass.emit({ type: 'Started', path, attempt, ...(key === undefined ? {} : { key }) });
    // What was sent before is looked at when it is known that somebody waits for it: at once.
    if (planned.action === 'waitForSignal') pass.cut = true;
    return 'Started';
  } catch (error) {
    return failForExpression(pass, path, error);
  }
}
