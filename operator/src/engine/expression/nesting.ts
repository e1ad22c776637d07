import type { Finding } from './problem.ts';
import { bindingOf, childrenOf, comprehensionOf, type Tree } from './tree.ts';

/** Levels of lists and maps that an expression may build around what it reads. */
export const MAX_LEVELS = 8;

/** How many lists, maps and optionals the expression itself has put around the value of each name. */
type Levels = ReadonlyMap<string, number>;

/**
 * Values that are built too deep, and maps whose keys are lists or maps. cel-js writes a type out in full, as in
 * `map<list<int>, list<int>>`, and keeps it for ever: types that contain themselves twice would double at every step
 * of `[1].map(x, {x: x}).map(x, {x: x})`, in the check as in the evaluation.
 */
export function nestingFindings(tree: Tree): Finding[] {
  const found: Finding[] = [];
  levelsOf(tree, new Map(), found);
  // What is built on the first one repeats it.
  return found.slice(0, 1);
}

function levelsOf(node: Tree, names: Levels, found: Finding[]): number {
  const levels = innerLevels(node, names, found);
  if (levels === MAX_LEVELS + 1) {
    found.push({
      message: `the expression builds more than ${MAX_LEVELS} levels of lists and maps`,
      offset: node.start,
    });
  }
  return levels;
}

function innerLevels(node: Tree, names: Levels, found: Finding[]): number {
  const comprehension = comprehensionOf(node);
  if (comprehension !== undefined) {
    const list = levelsOf(comprehension.list, names, found);
    const inner = withName(names, comprehension.variable, Math.max(0, list - 1));
    const bodies = comprehension.bodies.map((body) => levelsOf(body, inner, found));
    if (comprehension.method === 'filter') return list;
    return comprehension.method === 'map' ? 1 + (bodies.at(-1) ?? 0) : 0;
  }
  const binding = bindingOf(node);
  if (binding !== undefined) {
    const value = levelsOf(binding.value, names, found);
    return levelsOf(binding.body, withName(names, binding.variable, value), found);
  }
  if (node.op === 'id') return names.get(node.args) ?? 0;
  const parts = childrenOf(node).map((part) => levelsOf(part, names, found));
  if (node.op === 'map') keyFindings(node, parts, found);
  return levelsOfResult(node, parts);
}

function levelsOfResult(node: Tree, parts: readonly number[]): number {
  const deepest = Math.max(0, ...parts);
  switch (node.op) {
    case 'list':
    case 'map':
      return deepest + 1;
    case '+':
    case '?:':
      return deepest;
    case '.':
    case '.?':
    case '[]':
    case '[?]':
      return Math.max(0, (parts[0] ?? 0) - 1);
    case 'rcall':
      return levelsOfCall(node.args[0], deepest);
    default:
      return 0;
  }
}

function levelsOfCall(method: string, deepest: number): number {
  if (method === 'of') return deepest + 1;
  if (method === 'split') return 1;
  return ['or', 'orValue', 'value'].includes(method) ? deepest : 0;
}

function keyFindings(node: Tree & { op: 'map' }, parts: readonly number[], found: Finding[]): void {
  for (const [index, [key]] of node.args.entries()) {
    if ((parts[2 * index] ?? 0) === 0) continue;
    found.push({ message: 'a map key must be a string, a number or a Boolean, not a list or map', offset: key.start });
  }
}

function withName(names: Levels, variable: Tree, levels: number): Levels {
  return variable.op === 'id' ? new Map(names).set(variable.args, levels) : names;
}
