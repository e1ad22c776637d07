import type { Json, Outputs } from '../../api/index.ts';
import { utf8Length } from '../../json/index.ts';
import { unitBindings } from '../bindings/unit-bindings.ts';
import { type Bindings, evaluate, inField } from '../expression/index.ts';
import type { Place } from '../state/walk.ts';
import { coerceResult } from '../values/coerce.ts';
import { MAX_OUTPUT_BYTES } from '../values/outputs.ts';
import type { Pass } from './pass.ts';
import type { StartResult } from './start.ts';
import { succeed } from './success.ts';

/** Values that are named and may have a declared type. */
interface Wanted {
  readonly name: string;
  readonly value: string;
  readonly type?: Parameters<typeof coerceResult>[1] | undefined;
  /** What has no value is left out. */
  readonly optional?: boolean | undefined;
}

/** Evaluates the values of a task that is nothing but expressions. */
export function compute(pass: Pass, place: Place): StartResult {
  const { task } = place.planned;
  const wanted = Object.entries(task.compute ?? {}).map(([name, value]) => {
    const { type, optional } = task.outputs?.find((output) => output.name === name) ?? {};
    return { name, value, type, optional };
  });
  finishWith(pass, place, wanted, unitBindings(pass, place));
  return 'Over';
}

/**
 * Ends a unit with the values of expressions as its outputs, in their declared types.
 * @throws ExpressionError when one of them has no value
 */
export function finishWith(pass: Pass, place: Place, wanted: readonly Wanted[], bindings: Bindings): void {
  const { path } = place;
  const outputs: Outputs = {};
  for (const { name, value, type, optional } of wanted) {
    const result: Json = inField(`the value of ${name}`, () => evaluate(value, bindings));
    if (result === null && optional === true) continue;
    const coerced = type === undefined ? { value: result } : coerceResult(result, type);
    if ('problem' in coerced) {
      const message = `the output ${name}: ${coerced.problem}`;
      return pass.emit({ type: 'Failed', path, failure: { reason: 'OutputsInvalid', message } });
    }
    outputs[name] = coerced.value;
  }
  if (utf8Length(JSON.stringify(outputs)) < MAX_OUTPUT_BYTES) return succeed(pass, place, outputs);
  const message = `the outputs have ${MAX_OUTPUT_BYTES} bytes or more; pass a reference instead`;
  pass.emit({ type: 'Failed', path, failure: { reason: 'OutputsTooLarge', message } });
}
