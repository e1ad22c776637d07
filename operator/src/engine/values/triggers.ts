import type { Parameter, Proves, Workflow, WorkflowRunSpec } from '../../api/index.ts';
import { type Bindings, ExpressionError, evaluate, evaluateBoolean, renderText } from '../expression/index.ts';
import { digestText } from './digest.ts';
import { resolveParameters } from './parameters.ts';

/** The longest value that a run takes as a parameter, in characters. */
const MAX_VALUE_LENGTH = 16_384;

/** What the expressions of a trigger read: a request, a run that has ended, or a slot. */
export type TriggerContext = Pick<Bindings, 'body' | 'headers' | 'query' | 'source' | 'schedule'>;

/** What keeps a trigger from making a run: the field of the trigger, and why. */
export interface TriggerProblem {
  readonly field: string;
  readonly message: string;
}

type GivenParameters = NonNullable<WorkflowRunSpec['parameters']>;

/** There is no run yet, and validation has seen to it that nothing reads one. */
const bindingsOf = (context: TriggerContext): Bindings => ({
  params: {},
  tasks: {},
  run: { name: '', uid: '', namespace: '', workflow: '' },
  ...context,
});

/** Whether a condition of a trigger holds; without one it does. */
export function triggerHolds(
  field: string,
  source: string | undefined,
  context: TriggerContext,
): { holds: boolean } | TriggerProblem {
  if (source === undefined) return { holds: true };
  return attempt(field, () => ({ holds: evaluateBoolean(source, bindingsOf(context)) }));
}

/** The value of an expression of a trigger. */
export function triggerValue(field: string, source: string, context: TriggerContext) {
  return attempt(field, () => ({ value: evaluate(source, bindingsOf(context)) }));
}

/**
 * The parameters of the run that a trigger makes, as they are written in the run. They fit what the workflow declares:
 * what does not is told before anything is made.
 */
export function triggerParameters(
  values: Readonly<Record<string, string>> = {},
  declared: readonly Parameter[] = [],
  context: TriggerContext,
): { parameters: GivenParameters } | TriggerProblem {
  const bindings = bindingsOf(context);
  const parameters: GivenParameters = [];
  for (const [name, text] of Object.entries(values)) {
    const rendered = attempt(`with.${name}`, () => ({ value: renderText(text, bindings) }));
    if ('field' in rendered) return rendered;
    if (rendered.value.length > MAX_VALUE_LENGTH) {
      const message = `the value has ${rendered.value.length} characters; a parameter allows at most ${MAX_VALUE_LENGTH}`;
      return { field: `with.${name}`, message };
    }
    parameters.push({ name, value: rendered.value });
  }
  const known = declared.filter(({ name, valueFrom }) => !valueFrom || Object.hasOwn(values, name));
  const resolved = resolveParameters(known, parameters);
  if ('values' in resolved) return { parameters };
  return { field: 'with', message: resolved.problem.replace(/^spec\.parameters: /, '') };
}

/** With the name of a Workflow before it (40 characters) a name of a run (52). */
const HASH_LENGTH = 11;
/** Names that are tried, where other runs have the first one. */
const SPARE_NAMES = 3;

/** The name of the run of a trigger, by the digest of what it is made for. */
export const triggerRunName = (workflow: string, digest: string): string =>
  `${workflow}-${digest.slice(0, HASH_LENGTH)}`;

/**
 * The names that a run which is made for a Workflow, or to continue a run, may have: the first, unless it is taken. The others nobody can guess, so whoever
 * takes one has seen it first.
 */
export function namesOfRun(
  first: string,
  { metadata }: Pick<Workflow, 'metadata'>,
  key: string,
  proves: Proves,
): string[] {
  const { namespace, name, uid } = metadata;
  const code = proves.code({ of: 'runNames', namespace, workflow: uid, key });
  const digest = digestText(code);
  const spare = Array.from({ length: SPARE_NAMES }, (_, index) => digest.slice(index * HASH_LENGTH));
  return [first, ...spare.map((part) => triggerRunName(name, part))];
}

function attempt<T>(field: string, compute: () => T): T | TriggerProblem {
  try {
    return compute();
  } catch (error) {
    if (error instanceof ExpressionError) return { field, message: error.message };
    throw error;
  }
}
