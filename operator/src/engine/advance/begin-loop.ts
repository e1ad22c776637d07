import type { Json } from '../../api/index.ts';
import { utf8Length } from '../../json/index.ts';
import { unitBindings } from '../bindings/unit-bindings.ts';
import { type Bindings, evaluate, evaluateBoolean, inField } from '../expression/index.ts';
import type { Place } from '../state/walk.ts';
import type { Pass } from './pass.ts';
import type { StartResult } from './start.ts';
import { succeed } from './success.ts';

/** What a loop may carry from one iteration to the next, as JSON. */
export const MAX_LOOP_STATE_BYTES = 4096;
const DEFAULT_KEEP = 3;

/** Begins a loop with its first iteration, unless `while` is false from the start. */
export function beginLoop(pass: Pass, place: Place): StartResult {
  const { path, planned } = place;
  const { loop } = planned.task;
  const bindings = unitBindings(pass, place);
  const state = evaluated(loop?.state, bindings);
  if (isTooLarge(state)) {
    pass.emit({ type: 'Failed', path, failure: STATE_TOO_LARGE });
    return 'Over';
  }
  if (loop?.while !== undefined && !evaluateBoolean(loop.while, { ...bindings, state, iteration: 0 })) {
    succeed(pass, place, state);
    return 'Over';
  }
  pass.emit({ type: 'Iterated', path, index: 0, state, keep: loop?.keepLast ?? DEFAULT_KEEP });
  return 'Started';
}

export const STATE_TOO_LARGE = {
  reason: 'LoopStateTooLarge',
  message: `the state of the loop exceeds ${MAX_LOOP_STATE_BYTES} bytes; pass a reference instead`,
};

export const isTooLarge = (state: { [name: string]: Json }): boolean =>
  utf8Length(JSON.stringify(state)) > MAX_LOOP_STATE_BYTES;

/** The values of expressions by name. */
export function evaluated(
  sources: Readonly<Record<string, string>> = {},
  bindings: Bindings,
): { [name: string]: Json } {
  return Object.fromEntries(
    Object.entries(sources).map(([name, source]) => [
      name,
      inField(`the state ${name} of the loop`, () => evaluate(source, bindings)),
    ]),
  );
}
