import { bindingOf, chainOf, childrenOf, comprehensionOf, type Step, type Tree } from './tree.ts';

/** One use of a name that the expression does not bind itself, with the path that is read of it. */
export interface Reference {
  readonly root: string;
  readonly offset: number;
  readonly path: readonly Step[];
  /** It stands in `has(...)`. */
  readonly asked: boolean;
}

/** A name that is no literal, and so may be any. Of a task, checkExpression refuses it. */
export const ANY_NAME = '*';

/** Every free name of an expression with its path, in the order of the source. */
export function referencesOf(tree: Tree): Reference[] {
  const found: Reference[] = [];
  visit(tree, new Set(), found);
  return found;
}

/** Outputs, as `<task>.<output>`, of which the expression asks whether they are there: by `has(...)`, or with `.?`. */
export function outputsAsked(references: readonly Reference[]): Set<string> {
  return new Set(
    references.flatMap(({ root, path: [task, part, output], asked }) => {
      const isOutput = root === 'tasks' && part?.name === 'outputs' && task?.name !== undefined;
      return isOutput && output?.name !== undefined && (asked || output.optional)
        ? [`${task.name}.${output.name}`]
        : [];
    }),
  );
}

/** What an expression reads of a root such as `tasks`, by name, among its references. */
export function namesBehind(references: readonly Reference[], root: string): Set<string> {
  const found = references.filter((reference) => reference.root === root);
  return new Set(found.map((reference) => reference.path[0]?.name ?? ANY_NAME));
}

function visit(node: Tree, bound: ReadonlySet<string>, found: Reference[], asked = false): void {
  const { root, steps } = chainOf(node);
  if (root.op === 'id') {
    if (!bound.has(root.args)) found.push({ root: root.args, offset: root.start, path: steps, asked });
  } else {
    visitParts(root, bound, found);
  }
  for (const step of steps) if (step.index !== undefined) visit(step.index, bound, found);
}

function visitParts(node: Tree, bound: ReadonlySet<string>, found: Reference[]): void {
  const comprehension = comprehensionOf(node);
  if (comprehension !== undefined) {
    visit(comprehension.list, bound, found);
    const inner = withName(bound, comprehension.variable);
    for (const body of comprehension.bodies) visit(body, inner, found);
    return;
  }
  const binding = bindingOf(node);
  if (binding !== undefined) {
    visit(binding.value, bound, found);
    visit(binding.body, withName(bound, binding.variable), found);
    return;
  }
  const asked = node.op === 'call' && node.args[0] === 'has';
  for (const part of childrenOf(node)) visit(part, bound, found, asked);
}

function withName(bound: ReadonlySet<string>, variable: Tree): ReadonlySet<string> {
  return variable.op === 'id' ? new Set(bound).add(variable.args) : bound;
}
