import { API_VERSION, type WorkflowSpec } from '../../api/index.ts';
import type { Warned, Warning } from './warning.ts';

/** The page that says how a run is started by hand. */
const PAGE = 'docs/guides/run-by-hand.md';
/** Required parameters that the command names; with more of them it would be no line any more. */
const MAX_NAMED = 4;

/** That nothing starts a Workflow by itself, with the command that does. */
export function triggerWarnings({ metadata, spec }: Warned<WorkflowSpec>): Warning[] {
  const { onChange, webhooks = [], completions = [], schedules = [] } = spec.triggers ?? {};
  if (onChange !== undefined || webhooks.length + completions.length + schedules.length > 0) return [];
  const message = `no trigger starts this Workflow; start a run by hand (${PAGE}): ${command(metadata, spec)}`;
  return [{ path: 'spec.triggers', message }];
}

/** The command in one line, with a place for each value that a run must be given. */
function command({ name, namespace }: Warned['metadata'], { parameters = [] }: WorkflowSpec): string {
  const required = parameters.filter(({ default: own, valueFrom }) => own === undefined && valueFrom === undefined);
  const given = required.slice(0, MAX_NAMED).map((parameter) => ({ name: parameter.name, value: 'VALUE' }));
  const workflow = word(name, 'NAME');
  const run = {
    apiVersion: API_VERSION,
    kind: 'WorkflowRun',
    metadata: { generateName: `${workflow}-` },
    spec: { workflowRef: { name: workflow }, ...(given.length === 0 ? {} : { parameters: given }) },
  };
  return `echo '${JSON.stringify(run)}' | kubectl create -n ${word(namespace, 'NAMESPACE')} -f -`;
}

/** A name as a shell may see it. Names are not held against their rules yet while the API server still asks. */
const word = (name: string | undefined, other: string) =>
  name !== undefined && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name) ? name : other;
