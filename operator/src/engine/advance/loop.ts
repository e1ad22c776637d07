import { causeWithin, DEFAULT_ITERATIONS, type Json, type Outputs, parseDuration } from '../../api/index.ts';
import { unitBindings } from '../bindings/unit-bindings.ts';
import { type Bindings, evaluateBoolean, inField } from '../expression/index.ts';
import { isTerminal, type LoopState, MAX_MESSAGE_LENGTH } from '../state/state.ts';
import type { Place } from '../state/walk.ts';
import { failureText } from '../state/words.ts';
import { missingFailure } from '../values/outputs.ts';
import { advanceOpen } from './advance.ts';
import { evaluated, isTooLarge, STATE_TOO_LARGE } from './begin-loop.ts';
import { continuesHere } from './continuing.ts';
import type { Pass } from './pass.ts';
import { failForExpression, startUnit } from './start.ts';
import { succeed } from './success.ts';

/** Advances an open loop as far as it goes now: iterations that need no attempt follow one another in one pass. */
export function advanceLoop(pass: Pass, place: Place): void {
  const { unit } = place;
  while (unit.loop && pass.room()) {
    const iteration = iterationOf(place, unit.loop);
    if (!isTerminal(unit.loop.unit) && !advanceIteration(pass, iteration, unit.loop)) return;
    try {
      if (!goOn(pass, place, unit.loop)) return;
    } catch (error) {
      failForExpression(pass, place.path, error);
      return;
    }
  }
}

function iterationOf(place: Place, loop: LoopState): Place {
  return { ...place, path: `${place.path}/${loop.index}`, loop, unit: loop.unit };
}

/** Whether the iteration is over now. */
function advanceIteration(pass: Pass, iteration: Place, loop: LoopState): boolean {
  if (iteration.unit.phase !== 'Waiting') {
    advanceOpen(pass, iteration);
    return isTerminal(loop.unit);
  }
  if (continuesHere(pass, loop)) return false;
  if (loop.due !== undefined && pass.t < loop.due) {
    pass.wake(loop.due);
    return false;
  }
  // A template begins in the pass that opens it: nothing would ask for another one.
  if (startUnit(pass, iteration) === 'Started') advanceOpen(pass, { ...iteration, unit: loop.unit });
  // An attempt that could not start is over, and the iteration may have another one.
  return isTerminal(loop.unit);
}

/** What follows an iteration that has ended: the next one (true), or the end of the loop. */
function goOn(pass: Pass, place: Place, current: LoopState): boolean {
  const { path, planned } = place;
  const { loop, onFailure, outputs: declared = [] } = planned.task;
  const { phase } = current.unit;
  if (!loop) return false;
  if (phase !== 'Succeeded' && onFailure !== 'Continue') {
    const why = causeWithin(failureText(`iteration ${current.index}`, current.unit), MAX_MESSAGE_LENGTH);
    pass.emit({ type: 'Failed', path, failure: { reason: 'IterationFailed', message: why } });
    return false;
  }
  const outputs = current.outputs ?? {};
  const before = { ...unitBindings(pass, { ...place, loop: current }), outputs, status: phase };
  const state = { ...current.state, ...evaluated(loop.next, before) };
  if (isTooLarge(state)) {
    pass.emit({ type: 'Failed', path, failure: STATE_TOO_LARGE });
    return false;
  }
  const after = { ...before, state };
  const index = current.index + 1;
  if (isDone(loop, after, index)) {
    const missing = missingFailure(declared, outputs, `in the last iteration, ${current.index}`);
    if (missing) {
      pass.emit({ type: 'Failed', path, failure: missing });
      return false;
    }
    const named = declared.flatMap(({ name }) => (outputs[name] === undefined ? [] : [[name, outputs[name]] as const]));
    succeed(pass, place, { ...Object.fromEntries(named), ...state } as Outputs);
    return false;
  }
  if (index >= (loop.maxIterations ?? DEFAULT_ITERATIONS)) {
    const why = `the loop did not end after ${index} iterations; raise maxIterations, or check while and until`;
    pass.emit({ type: 'Failed', path, failure: { reason: 'MaxIterations', message: why } });
    return false;
  }
  const due = loop.delay === undefined ? {} : { due: pass.t + parseDuration(loop.delay) };
  pass.emit({ type: 'Iterated', path, index, state, ...due });
  return true;
}

type LoopSpec = NonNullable<Place['planned']['task']['loop']>;

function isDone(loop: LoopSpec, after: Bindings & { state: Record<string, Json> }, index: number): boolean {
  const { until, while: goesOn } = loop;
  if (until !== undefined && inField('loop.until', () => evaluateBoolean(until, after))) return true;
  const next = { ...after, iteration: index };
  return goesOn !== undefined && !inField('loop.while', () => evaluateBoolean(goesOn, next));
}
