import { FUNCTIONS, METHODS, REPLACED } from './language.ts';
import { suggestion } from './nearest.ts';
import type { Finding } from './problem.ts';
import { patternFault } from './regex.ts';
import { ROOTS } from './scope.ts';
import { bindingOf, childrenOf, comprehensionOf, type Tree } from './tree.ts';

/** How deep comprehensions may be nested in each other. */
export const MAX_NESTING = 3;

/** Keys that cel-js drops silently from a map literal. */
const DROPPED_KEYS: ReadonlySet<unknown> = new Set(['__proto__', 'constructor', 'prototype']);
const LOCAL = /^get(Date|Day|FullYear|Month|Hours|Minutes|Seconds|Milliseconds)/;

/**
 * What an expression says that Ado's CEL does not have, whatever its scope: unknown functions, names of Ado bound
 * anew, patterns that do not compile, comprehensions nested too deep.
 */
export function vocabularyFindings(tree: Tree): Finding[] {
  const found: Finding[] = [];
  visit(tree, 0, found);
  return found;
}

/** Points the calls of replaced functions to their replacements. Changes the tree. */
export function redirectReplaced(tree: Tree): void {
  for (const part of childrenOf(tree)) redirectReplaced(part);
  if (tree.op !== 'call' && tree.op !== 'rcall') return;
  const replacement = REPLACED.get(tree.args[0]);
  // The node is the parser's and nobody else's; only its type says readonly.
  if (replacement !== undefined) (tree.args as [string, ...unknown[]])[0] = replacement;
}

function visit(node: Tree, nesting: number, found: Finding[]): void {
  found.push(...findingsOf(node));
  const comprehension = comprehensionOf(node);
  if (comprehension === undefined) {
    for (const part of childrenOf(node)) visit(part, nesting, found);
    return;
  }
  if (nesting === MAX_NESTING) {
    const message = `comprehensions are nested more than ${MAX_NESTING} deep; compute the inner list in a task of its own`;
    found.push({ message, offset: comprehension.variable.start });
    return;
  }
  visit(comprehension.list, nesting, found);
  for (const body of comprehension.bodies) visit(body, nesting + 1, found);
}

function findingsOf(node: Tree): Finding[] {
  if (node.op === 'call') return unknownFunction(node.args[0], node.start);
  if (node.op === 'rcall') return [...methodFindings(node), ...nameFindings(node)];
  if (node.op !== 'map') return [];
  return node.args
    .filter(([key]) => key.op === 'value' && DROPPED_KEYS.has(key.args))
    .map(([key]) => ({ message: `"${String(key.args)}" cannot be a key of a map; choose another`, offset: key.start }));
}

function unknownFunction(name: string, offset: number): Finding[] {
  if (FUNCTIONS.has(name)) return [];
  if (METHODS.has(name)) {
    return [{ message: `"${name}" is called on a value: write value.${name}(...)`, offset }];
  }
  if (name === 'now') {
    return [{ message: 'now() is not available: expressions are deterministic', offset }];
  }
  return [{ message: () => `unknown function "${name}"${suggestion(name, FUNCTIONS, 'function')}`, offset }];
}

function methodFindings(node: Tree & { op: 'rcall' }): Finding[] {
  const [name, receiver, args] = node.args;
  const offset = methodOffset(node);
  const arities = METHODS.get(name);
  if (arities === undefined) {
    if (LOCAL.test(name)) return [{ message: `"${name}" is not available: its result depends on the machine`, offset }];
    return [{ message: () => `unknown function "${name}"${suggestion(name, METHODS.keys(), 'function')}`, offset }];
  }
  if (!arities.includes(args.length)) return [{ message: arityMessage(name, arities, args.length), offset }];
  if (name === 'bind' && !(receiver.op === 'id' && receiver.args === 'cel')) {
    return [{ message: '"bind" is written cel.bind(name, value, expression)', offset }];
  }
  const pattern = args[0];
  if (name !== 'matches' || pattern?.op !== 'value' || typeof pattern.args !== 'string') return [];
  const fault = patternFault(pattern.args);
  return fault === undefined ? [] : [{ message: fault, offset: pattern.start }];
}

function arityMessage(name: string, arities: readonly number[], given: number): string {
  if (LOCAL.test(name)) return `"${name}" takes no time zone: it is always in UTC`;
  return `"${name}" takes ${arities.join(' or ')} argument(s), not ${given}`;
}

/** Where the name of the method is written, after the receiver. */
function methodOffset(node: Tree & { op: 'rcall' }): number {
  const [name, receiver] = node.args;
  const at = node.input.indexOf(name, receiver.end);
  return at === -1 ? node.start : at;
}

function nameFindings(node: Tree): Finding[] {
  const variable = comprehensionOf(node)?.variable ?? bindingOf(node)?.variable;
  // That it is a name at all, the parser has seen to.
  if (variable?.op !== 'id' || !ROOTS.has(variable.args)) return [];
  const message = `"${variable.args}" is reserved by Ado; choose another variable name`;
  return [{ message, offset: variable.start }];
}
