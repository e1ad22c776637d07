import {
  ANNOTATION_DEPTH,
  ANNOTATION_DIGEST,
  type Completion,
  type Json,
  triggeredRun,
  type Workflow,
  type WorkflowRun,
} from '../../api/index.ts';
import { digestText, triggerHolds, triggerParameters, triggerRunNames } from '../../engine/index.ts';
import { MAX_DEPTH } from '../../executors/index.ts';
import { storedState } from '../stored-state.ts';
import { resultOf } from './awaiting.ts';

/** What a trigger makes of the end of a run: a run under the first of these names that is free, nothing, or a refusal. */
export type Wanted =
  | { readonly run: WorkflowRun; readonly names: readonly string[] }
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

/** Pure: what a trigger of a Workflow makes of the end of a run. */
export function wantedOf(target: Workflow, completion: Completion, source: WorkflowRun): Wanted {
  const context = { source: sourceOf(source) };
  const holds = triggerHolds('when', completion.when, context);
  if ('field' in holds) return { refusal: `${holds.field}: ${holds.message}` };
  if (!holds.holds) return 'Nothing';
  const depth = Number(source.metadata.annotations?.[ANNOTATION_DEPTH] ?? 0) + 1;
  if (depth > MAX_DEPTH) {
    return {
      refusal: `TooDeep: it would be the ${depth}th run below another; do Workflows start each other in a circle?`,
    };
  }
  const values = triggerParameters(completion.with, target.spec.parameters, context);
  if ('field' in values) return { refusal: `${values.field}: ${values.message}` };
  return built(target, completion, source, { depth, parameters: values.parameters });
}

function built(
  target: Workflow,
  { name: trigger }: Completion,
  { metadata: source }: WorkflowRun,
  { depth, parameters }: { depth: number; parameters: NonNullable<WorkflowRun['spec']['parameters']> },
): Wanted {
  const { name: workflow, uid } = target.metadata;
  const digest = digestText(JSON.stringify(['Completion', uid, trigger, source.uid]));
  const names = triggerRunNames(workflow, digest);
  const run = triggeredRun(target, {
    name: names[0] ?? '',
    annotations: { [ANNOTATION_DIGEST]: digest, [ANNOTATION_DEPTH]: String(depth) },
    parameters,
    origin: { type: 'Completion', trigger, run: source.name, ...(source.uid ? { uid: source.uid } : {}) },
  });
  return { run, names };
}
