/**
 * The expressions of Ado: CEL, the language of CRD rules, as `when`, `itemsFrom`, `loop.until` and others hold it, and
 * inside text between `${{` and `}}`. What is checked at admission (names, ancestry, types, cost, each with line, column and
 * caret) is compiled once, cached, and evaluated by decide() over and over.
 *
 * 1. Pure: an answer depends on the source and the bindings alone. There is no now(), no random, no zone of the machine.
 * 2. Total: no input makes a check throw; an evaluation throws ExpressionError and nothing else.
 * 3. Bounded: source 4,096 characters, 1,000 nodes, comprehensions 3 deep, 8 levels of built values, 1,000,000 steps,
 *    256 KiB of result, 500 characters of message. Steps
 *    are estimated before evaluation from the true sizes of what is read, so no value makes an expression slow.
 * 4. `matches` is RE2: linear in the text.
 * 5. A reference to a task is a literal, so that what a task reads is known before it runs.
 * 6. JSON in, JSON out. Whole numbers are ints, what is declared as a Number is a double, keys never mean a prototype.
 * 7. Caches hold pure results, are bounded, and keep no values of a run.
 */
export { checkExpression, type Expected, expressionFindings } from './check.ts';
export { evaluate, evaluateBoolean } from './evaluate.ts';
export { byLikeness, probablyMeant, suggestion } from './nearest.ts';
export {
  ExpressionError,
  type ExpressionProblem,
  type Finding,
  inField,
  problemAt,
  textOfWords,
  type Words,
} from './problem.ts';
export { ANY_NAME } from './references.ts';
export type { Bindings, Json, Scope, ScopeType, ValueType, VisibleTask } from './scope.ts';
export {
  checkTemplate,
  hasTemplate,
  namesRead,
  outputsAskedIn,
  renderTemplate,
  renderText,
  taskReferences,
  templateFindings,
  textOf,
  withoutEscapes,
} from './template.ts';
export { MAX_WORK, spend, withinWork } from './work.ts';
