/**
 * Whether a Workflow or a template can run at all: what a schema and the rules in the CRD cannot say. The answer is the
 * message of `Ready=False`, of lint and of the webhook, so each problem names its field, the value and the remedy.
 *
 * 1. Pure and total: any object that fits the schema gets an answer, and nothing is thrown.
 * 2. No problem means that plan() and decide() may run the definition; what can still fail are values.
 * 3. All problems are reported at once, up to MAX_PROBLEMS, in the order of the fields; words are found for these alone.
 *    The work is counted, and a definition that needs more than MAX_WORK is TooComplex, on every machine alike.
 * 4. References are judged only in a graph without cycles: there alone every task has its ancestors.
 * 5. A template is judged in its own scope; who uses it is judged by its parameters and outputs alone.
 * 6. A field that would do nothing where it stands is refused.
 * 7. A definition that can run and hardly means what it says gets warnings (warnings.ts), which refuse nothing.
 */
export { type GenerationContext, validateGenerated } from './generated.ts';
export { isTooComplex, MAX_PROBLEMS, type Told as Problem } from './report.ts';
export { validateTemplate } from './template.ts';
export { areTriggersValid } from './triggers.ts';
export type { Warned, Warning } from './warning.ts';
export { warnTemplate, warnWorkflow } from './warnings.ts';
export { validateOuter, validateWorkflow } from './workflow.ts';
