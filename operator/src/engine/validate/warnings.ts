import type { TemplateBody, WorkflowSpec } from '../../api/index.ts';
import { dataWarnings } from './data-warnings.ts';
import { peerWarnings } from './peer-warnings.ts';
import { spellingWarnings } from './spelling.ts';
import { triggerWarnings } from './trigger-warnings.ts';
import type { Warned, Warner, Warning } from './warning.ts';

/** Warnings that are told at once. */
export const MAX_WARNINGS = 10;

/** Of all definitions. */
const WARNERS: readonly Warner[] = [peerWarnings, spellingWarnings, dataWarnings];
/** Of Workflows alone. */
const WORKFLOW_WARNERS: readonly Warner<WorkflowSpec>[] = [triggerWarnings];

/** What was found in objects that are asked for again: a controller looks at one for each of its runs. */
const found = new WeakMap<Warned, readonly Warning[]>();

/** What the author of a Workflow should know although it can run. */
export function warnWorkflow(workflow: Warned<WorkflowSpec>): readonly Warning[] {
  return remembered(workflow, () => [...WARNERS, ...WORKFLOW_WARNERS].flatMap((warner) => warner(workflow)));
}

/** What the author of a template that is an object of its own should know although it can be used. */
export function warnTemplate(template: Warned<TemplateBody>): readonly Warning[] {
  return remembered(template, () => WARNERS.flatMap((warner) => warner(template)));
}

function remembered(definition: Warned, find: () => readonly Warning[]): readonly Warning[] {
  const warnings = found.get(definition) ?? shown(find());
  found.set(definition, warnings);
  return warnings;
}

function shown(warnings: readonly Warning[]): Warning[] {
  const rest = warnings.length - MAX_WARNINGS;
  const first = warnings.slice(0, MAX_WARNINGS);
  return rest > 0 ? [...first, { path: 'spec', message: `${rest} more warnings are not shown` }] : first;
}
