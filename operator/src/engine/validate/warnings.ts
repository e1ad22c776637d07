import type { TemplateBody, WorkflowSpec } from '../../api/index.ts';
import { spellingWarnings } from './spelling.ts';
import { triggerWarnings } from './trigger-warnings.ts';
import type { Warned, Warner, Warning } from './warning.ts';

/** Warnings that are told at once. */
export const MAX_WARNINGS = 10;

/** Of all definitions. */
const WARNERS: readonly Warner[] = [spellingWarnings];
/** Of Workflows alone. */
const WORKFLOW_WARNERS: readonly Warner<WorkflowSpec>[] = [triggerWarnings];

/** What the author of a Workflow should know although it can run. */
export function warnWorkflow(workflow: Warned<WorkflowSpec>): Warning[] {
  return shown([...WARNERS, ...WORKFLOW_WARNERS].flatMap((warner) => warner(workflow)));
}

/** What the author of a template that is an object of its own should know although it can be used. */
export function warnTemplate(template: Warned<TemplateBody>): Warning[] {
  return shown(WARNERS.flatMap((warner) => warner(template)));
}

function shown(warnings: readonly Warning[]): Warning[] {
  const rest = warnings.length - MAX_WARNINGS;
  const first = warnings.slice(0, MAX_WARNINGS);
  return rest > 0 ? [...first, { path: 'spec', message: `${rest} more warnings are not shown` }] : first;
}
