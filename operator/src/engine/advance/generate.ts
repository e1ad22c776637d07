import { unitBindings } from '../bindings/unit-bindings.ts';
import { evaluate } from '../expression/index.ts';
import { MAX_MESSAGE_LENGTH } from '../state/state.ts';
import type { Place } from '../state/walk.ts';
import { validateGenerated } from '../validate/generated.ts';
import type { Pass } from './pass.ts';
import type { StartResult } from './start.ts';

/** Adds tasks that an expression makes, judged like those of a definition; they go on in a graph of their own. */
export function generate(pass: Pass, place: Place): StartResult {
  const { planned, frame, path } = place;
  const value = evaluate(planned.task.generate?.tasks ?? '[]', unitBindings(pass, place));
  const { definition } = pass.plan;
  const judged = validateGenerated(value, {
    parameters: frame.plan.types.parameters,
    declared: frame.plan.parameters,
    defaults: frame.plan.defaults,
    library: definition.library ?? {},
  });
  if ('tasks' in judged) {
    pass.emit({ type: 'Opened', path, generated: judged.tasks });
    return 'Started';
  }
  const message = judged.problem.slice(0, MAX_MESSAGE_LENGTH);
  pass.emit({ type: 'Failed', path, failure: { reason: 'GeneratedInvalid', message } });
  return 'Over';
}
