import {
  type Completion,
  depthOf,
  type Json,
  type Lineage,
  type Proves,
  triggeredRun,
  type Workflow,
  type WorkflowRun,
} from '../../api/index.ts';
import { digestText, namesOfRun, triggerHolds, triggerParameters, triggerRunName } from '../../engine/index.ts';
import { MAX_DEPTH } from '../../executors/index.ts';
import { storedState } from '../stores/stored-state.ts';
import { resultOf } from './awaiting.ts';

/** What a trigger makes of the end of a run: a run under the first of these names that is free, nothing, or a refusal. */
export type Wanted =
  | { readonly key: string; readonly names: readonly string[]; readonly build: (name: string) => WorkflowRun }
  | { readonly refusal: string }
  | 'Nothing';

/** What expressions of the trigger see of the run that has ended. */
export function sourceOf(run: WorkflowRun): Record<string, Json> {
  const condition = run.status?.conditions?.find(({ type }) => type === 'Succeeded');
  return {
    run: run.metadata.name,
    workflow: run.spec.workflowRef.name,
    result: resultOf(run),
    reason: condition?.reason ?? '',
    message: condition?.message ?? '',
    parameters: parametersOf(run),
  };
}

/** As the run had them, defaults and types included; as they were given where it never began. */
function parametersOf(run: WorkflowRun): Json {
  const state = storedState(run);
  if (state !== undefined && state !== 'Unreadable') return state.parameters;
  return Object.fromEntries((run.spec.parameters ?? []).map(({ name, value }) => [name, value]));
}

/** What a run is made for and by whom: who asked for the run that has ended, and who wrote the trigger. */
export interface Source {
  readonly run: WorkflowRun;
  readonly lineage: Lineage;
}

/** Pure: what a trigger of a Workflow makes of the end of a run. */
export function wantedOf(target: Workflow, completion: Completion, from: Source, proves: Proves): Wanted {
  const { run: source } = from;
  const context = { source: sourceOf(source) };
  const holds = triggerHolds('when', completion.when, context);
  if ('field' in holds) return { refusal: `${holds.field}: ${holds.message}` };
  if (!holds.holds) return 'Nothing';
  const depth = depthOf(source, proves) + 1;
  if (depth > MAX_DEPTH) {
    return {
      refusal: `TooDeep: the run would be nested ${depth} levels deep; do Workflows start each other in a cycle?`,
    };
  }
  const values = triggerParameters(completion.with, target.spec.parameters, context);
  if ('field' in values) return { refusal: `${values.field}: ${values.message}` };
  const { parameters } = values;
  const { name: trigger } = completion;
  const { name, uid } = source.metadata;
  const key = digestText(JSON.stringify(['Completion', target.metadata.uid, trigger, uid]));
  const origin = { type: 'Completion', trigger, run: name, ...(uid ? { uid } : {}) } as const;
  return {
    key,
    names: namesOfRun(triggerRunName(target.metadata.name, key), target, key, proves),
    build: (of) => triggeredRun(target, { name: of, parameters, origin, lineage: from.lineage, depth, key }, proves),
  };
}
