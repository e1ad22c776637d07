import { DEFAULT_AFTER_EVENTS, type Json } from '../../api/index.ts';
import { runBindings, tasksRead } from '../bindings/bindings.ts';
import { NotGivenError } from '../bindings/placed-data.ts';
import { type Bindings, ExpressionError, evaluateBoolean, renderText, textOf } from '../expression/index.ts';
import { boundToItsRun, bytesToCarry, MAX_CARRIED_BYTES } from '../state/chain.ts';
import { parseAttemptKey } from '../state/paths.ts';
import { isSettled } from '../state/settled.ts';
import {
  isComposite,
  isTerminal,
  type LoopState,
  MAX_MESSAGE_LENGTH,
  type RunResult,
  type Unit,
} from '../state/state.ts';
import { resolveParameters } from '../values/parameters.ts';
import type { Pass } from './pass.ts';
import { dataIn } from './success.ts';

/**
 * Whether the run goes on as another one here, between two iterations of a loop: it has had enough events, and nothing
 * of it is under way. Whether it has is asked of the state that the pass began with, so that every decision on one stored
 * state says the same: none starts an iteration that another one leaves to the next run.
 */
export function continuesHere(pass: Pass, loop: LoopState): boolean {
  const { state, plan } = pass;
  if (loop.index === 0 || pass.firstSeq < eventsOf(pass) || !isQuiet(pass)) return false;
  const index = (state.link ?? 0) + 1;
  const problem = boundToItsRun(plan.definition) ?? tooMuch(bytesToCarry(state, index), dataIn(state).placed);
  if (problem === undefined) {
    goOnAs(pass, index);
    return true;
  }
  pass.emit({ type: 'NotContinued', message: problem.slice(0, MAX_MESSAGE_LENGTH) });
  return false;
}

/** A pass in which the run came to have enough events is followed by one at once, for a loop that waits with the next. */
export function enoughEvents(pass: Pass): void {
  const enough = eventsOf(pass);
  if (pass.firstSeq < enough && pass.state.seq >= enough && !pass.state.finished) pass.cut = true;
}

/** How many events are enough. */
function eventsOf({ plan, state }: Pass): number {
  const { afterEvents = DEFAULT_AFTER_EVENTS } = plan.definition.continueAsNew ?? {};
  return afterEvents + (state.stays?.seq ?? 0);
}

/** Outputs that the state holds by their place lie in pages, and those are of one run: they would have to be carried on. */
function tooMuch(bytes: number, placed: number): string | undefined {
  if (bytes <= MAX_CARRIED_BYTES && placed === 0) return undefined;
  return `the values to carry over have ${bytes + placed} bytes, more than ${MAX_CARRIED_BYTES}; pass references instead of values`;
}

function goOnAs(pass: Pass, index: number, parameters?: { [name: string]: Json }): void {
  pass.emit({ type: 'Continuing', index, ...(parameters ? { parameters } : {}) });
  // The next run is made at once.
  pass.cut = true;
}

/** Whether no attempt, no wait and no sleep is under way, and nobody wants the run to stop. */
function isQuiet(pass: Pass): boolean {
  const { state, observed } = pass;
  if (state.desired !== 'Running' || state.stop || state.result || observed.begun) return false;
  for (const { unit } of pass.places()) if (!isAtRest(unit)) return false;
  for (const [key, { phase }] of observed.attempts) {
    const { path, attempt } = parseAttemptKey(key);
    // An attempt that no stored decision has started: it is taken in first.
    if (phase !== 'Refused' && phase !== 'Hit' && !isSettled(state, path, attempt)) return false;
  }
  return true;
}

const isAtRest = (unit: Unit): boolean =>
  isTerminal(unit) || unit.phase === 'Waiting' || (unit.phase === 'Open' && isComposite(unit));

/** What becomes of a run that would succeed: it ends, otherwise perhaps; goes on as another one; or waits with that. */
export type Succession = Omit<RunResult, 't'> | 'GoesOn' | 'Waits';

/** Asks `continueAsNew.when` at the end of a run. */
export function continuesAnew(pass: Pass, outcome: Omit<RunResult, 't'>): Succession {
  const { state, plan } = pass;
  const { when } = plan.definition.continueAsNew ?? {};
  const wantsMore = state.desired === 'Running' || state.desired === 'Paused';
  if (when === undefined || outcome.phase !== 'Succeeded' || !wantsMore) return outcome;
  try {
    const bindings = bindingsAtEnd(pass, outcome);
    if (!evaluated('when', () => evaluateBoolean(when, bindings))) return outcome;
    if (state.desired === 'Paused') return 'Waits';
    const next = nextParameters(pass, bindings);
    if ('problem' in next) return failed('InvalidParameters', next.problem);
    const index = (state.link ?? 0) + 1;
    // It is ends of signals that are too many: they are told soon, and then no more to carry.
    if (bytesToCarry(state, index, next.values) > MAX_CARRIED_BYTES) return 'Waits';
    goOnAs(pass, index, next.values);
    return 'GoesOn';
  } catch (error) {
    if (error instanceof NotGivenError) return 'Waits';
    if (!(error instanceof ExpressionError)) throw error;
    return failed('ExpressionError', error.message);
  }
}

const failed = (reason: string, message: string): Omit<RunResult, 't'> => {
  return { phase: 'Failed', reason, message: message.slice(0, MAX_MESSAGE_LENGTH) };
};

function bindingsAtEnd(pass: Pass, { phase, reason, message }: Omit<RunResult, 't'>): Bindings {
  const { root, plan, identity, data } = pass;
  return {
    params: root.params,
    tasks: tasksRead(root, plan.exported, data, true),
    run: { ...runBindings(identity), result: phase, reason, message, failures: [] },
    types: plan.types,
  };
}

/** The parameters of the next run: those of `with`, and for all others the values that there are. */
function nextParameters({ plan, state }: Pass, bindings: Bindings): ReturnType<typeof resolveParameters> {
  const { with: texts = {} } = plan.definition.continueAsNew ?? {};
  const given = Object.entries(texts).map(([name, text]) => {
    return { name, value: evaluated(`with.${name}`, () => renderText(text, bindings)) };
  });
  const kept = Object.entries(state.parameters)
    .filter(([name]) => !Object.hasOwn(texts, name))
    .map(([name, value]) => ({ name, value: textOf(value) }));
  const resolved = resolveParameters(plan.definition.parameters, [...given, ...kept]);
  if (!('problem' in resolved)) return resolved;
  return { problem: resolved.problem.replace(/^spec\.parameters: "(\w+)"/, 'spec.continueAsNew.with.$1') };
}

/** @throws ExpressionError that names the field */
function evaluated<T>(field: string, evaluate: () => T): T {
  try {
    return evaluate();
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new ExpressionError(`spec.continueAsNew.${field}: ${error.message}`);
  }
}
