import { unitBindings } from '../bindings/unit-bindings.ts';
import { inField, renderText } from '../expression/index.ts';
import { MAX_MESSAGE_LENGTH } from '../state/state.ts';
import type { Place } from '../state/walk.ts';
import { resolveParameters } from '../values/parameters.ts';
import { namesSecret } from '../values/secret-parameters.ts';
import type { Pass } from './pass.ts';
import type { StartResult } from './start.ts';

/** Opens a template: from here on its tasks go on in a graph of their own, with these parameters. */
export function openTemplate(pass: Pass, place: Place): StartResult {
  const { planned, path } = place;
  const { task, body } = planned;
  const fail = (reason: string, message: string): StartResult => {
    pass.emit({ type: 'Failed', path, failure: { reason, message: message.slice(0, MAX_MESSAGE_LENGTH) } });
    return 'Over';
  };
  if (!body) return fail('TemplateMissing', `the definition of this run has no template ${task.template?.name}`);
  const bindings = unitBindings(pass, place);
  const isGenerated = place.frame.owner?.planned.action === 'generate';
  const given = Object.entries(task.with ?? {}).map(([name, text]) => {
    const isNamed = namesSecret(text, place.frame.plan.parameters, isGenerated);
    return { name, value: inField(`with.${name}`, () => renderText(text, bindings)), isNamed };
  });
  const resolved = resolveParameters(body.parameters, given);
  if ('problem' in resolved) return fail('InvalidParameters', resolved.problem.replace('spec.parameters', 'with'));
  pass.emit({ type: 'Opened', path, params: resolved.values });
  return 'Started';
}
