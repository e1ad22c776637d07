import type { ASTNode } from '@marcbachmann/cel-js';

export type Tree = ASTNode;

/** Calls that bind a name of their own: which argument is the name, and which arguments see it. */
const COMPREHENSIONS: ReadonlyMap<string, readonly number[]> = new Map([
  ['all', [2]],
  ['exists', [2]],
  ['exists_one', [2]],
  ['filter', [2]],
  ['map', [2, 3]],
]);

/** A call that evaluates its body once for each element, such as `list.map(x, body)`. */
export interface Comprehension {
  readonly method: string;
  readonly list: Tree;
  readonly variable: Tree;
  readonly bodies: readonly Tree[];
}

export function comprehensionOf(node: Tree): Comprehension | undefined {
  if (node.op !== 'rcall') return undefined;
  const [method, list, args] = node.args;
  if (COMPREHENSIONS.get(method)?.includes(args.length) !== true) return undefined;
  const [variable, ...bodies] = args;
  return variable === undefined ? undefined : { method, list, variable, bodies };
}

/** `cel.bind(name, value, body)`. */
export interface Binding {
  readonly variable: Tree;
  readonly value: Tree;
  readonly body: Tree;
}

export function bindingOf(node: Tree): Binding | undefined {
  if (node.op !== 'rcall') return undefined;
  const [method, receiver, args] = node.args;
  const [variable, value, body] = args;
  if (method !== 'bind' || receiver.op !== 'id' || receiver.args !== 'cel' || args.length !== 3) return undefined;
  return variable && value && body ? { variable, value, body } : undefined;
}

/** The direct parts of a node, in the order of the source. */
export function childrenOf(node: Tree): readonly Tree[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'map':
      return node.args.flat();
    case '!_':
    case '-_':
      return [node.args];
    default:
      return node.args;
  }
}

/** One step of a path: a name, or nothing where the index is computed. */
export interface Step {
  readonly name: string | undefined;
  readonly offset: number;
  /** The computed index, which is an expression of its own. */
  readonly index: Tree | undefined;
  /** Written with a question mark: what is not there is none. */
  readonly optional: boolean;
}

export interface Chain {
  readonly root: Tree;
  readonly steps: readonly Step[];
}

/** Unrolls `a.b['c'][d]` into its root and its steps. A node that is no access is a chain of no steps. */
export function chainOf(node: Tree): Chain {
  const steps: Step[] = [];
  let current = node;
  for (;;) {
    if (current.op === '.' || current.op === '.?') {
      steps.push({ name: current.args[1], offset: current.pos, index: undefined, optional: current.op === '.?' });
      current = current.args[0];
      continue;
    }
    if (current.op !== '[]' && current.op !== '[?]') return { root: current, steps: steps.reverse() };
    const index: Tree = current.args[1];
    const literal = index.op === 'value' && typeof index.args === 'string' ? index.args : undefined;
    const optional = current.op === '[?]';
    steps.push({ name: literal, offset: index.start, index: literal === undefined ? index : undefined, optional });
    current = current.args[0];
  }
}
