import type { Definition, Json, WorkflowRun } from '../../../api/index.ts';
import { decodeState, evaluate, parametersToRead, resolveParameters } from '../../../engine/index.ts';
import { type Key, type KeyOf, UNKNOWN } from './lines.ts';

/**
 * The key of a run whose parameters are known. Without an expression all runs have the same.
 * @throws ExpressionError when it cannot be computed
 */
export function keyFor(source: string, run: WorkflowRun, params: Readonly<Record<string, Json>>): Key {
  if (source === '') return '';
  const { name, uid = '', namespace = '' } = run.metadata;
  const identity = { name, uid, namespace, workflow: run.spec.workflowRef.name };
  return String(evaluate(source, { params, tasks: {}, run: identity }));
}

/** The key of any run, as far as it can be told without asking the server. */
export function keyOfRun(source: string, run: WorkflowRun, definition: Definition): KeyOf {
  if (source === '') return '';
  try {
    const params = paramsOf(run, definition);
    return params ? keyFor(source, run, params) : UNKNOWN;
  } catch {
    return UNKNOWN;
  }
}

function paramsOf({ spec, status }: WorkflowRun, { parameters }: Definition): Record<string, Json> | undefined {
  if (status?.state !== undefined) return decodeState(status.state).parameters;
  if (spec.from || spec.continues || parametersToRead(parameters, spec.parameters).length > 0) return undefined;
  const resolved = resolveParameters(parameters, spec.parameters);
  return 'values' in resolved ? resolved.values : undefined;
}
