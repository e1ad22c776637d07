/**
 * Whether a Workflow can run at all: what a schema and the rules in the CRD cannot say. The answer is the message of
 * `Ready=False`, of lint and of the webhook, so each problem names its field, the value and the remedy.
 *
 * 1. Pure and total: any object that fits the schema gets an answer, and nothing is thrown.
 * 2. No problem means that plan() and decide() may run the definition; what can still fail are values.
 * 3. All problems are reported at once, up to MAX_PROBLEMS, in the order of the fields.
 * 4. References are judged only in a graph without cycles: there alone every task has its ancestors.
 */
export type { Problem } from './problem.ts';
export { MAX_PROBLEMS, validateWorkflow } from './workflow.ts';
