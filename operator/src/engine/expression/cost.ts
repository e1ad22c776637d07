import type { Finding } from './problem.ts';
import { MAX_COMPUTED_PROGRAM, patternSize } from './regex.ts';
import { join, listSize, type Size, textSize, UNIT } from './size.ts';
import { bindingOf, type Comprehension, childrenOf, comprehensionOf, type Tree } from './tree.ts';

/** Steps that one evaluation may take. A step is about 100 ns. */
export const MAX_STEPS = 1_000_000;
/** Characters and entries that any value on the way may have. */
export const MAX_WEIGHT = 4_000_000;

/** Characters or entries that the engine copies or compares in the time of one step. */
const COPIED = 10;
const SCANNED = 100;
/** Pairs of characters that a search compares, in the time of one step, when it has to try every position. */
const SEARCHED = 500;
/** What an error costs that CEL takes as a value, in `exists`, `all`, `||` and `&&`. */
const CAUGHT = 8;
/** Instructions of a pattern that are tried on one character in the time of one step. */
const MATCHED = 5;

/** Bounds for the values that the expression reads, by name; params and tasks with `fields`. */
export type Sizes = ReadonlyMap<string, Size>;

interface Estimate {
  readonly steps: number;
  readonly size: Size;
}

/**
 * What is too expensive in an expression, given bounds for what it reads. The static check assumes sizes; the
 * evaluation asks again with the true ones, so the bound holds whatever a run's values are.
 */
export function costFinding(tree: Tree, sizes: Sizes): Finding | undefined {
  const { steps } = estimate(tree, sizes);
  return steps > MAX_STEPS ? { message: stepsMessage(steps), offset: tree.start } : undefined;
}

function stepsMessage(steps: number): string {
  const figure = steps === Number.POSITIVE_INFINITY ? 'far too many steps' : `up to ${approximate(steps)} steps`;
  return `the expression may take ${figure}, and the limit is ${approximate(MAX_STEPS)}: each comprehension multiplies the steps by the length of its list, and values grow when they are joined; nest fewer of them, or read less`;
}

function approximate(steps: number): string {
  return steps < 10_000 ? String(Math.ceil(steps)) : steps.toExponential(1).replace('e+', 'e');
}

function estimate(node: Tree, names: Sizes): Estimate {
  const found = estimateParts(node, names);
  // A value that is too large is as bad as too many steps, and all that is built on it is too.
  return found.size.total > MAX_WEIGHT ? { ...found, steps: Number.POSITIVE_INFINITY } : found;
}

function estimateParts(node: Tree, names: Sizes): Estimate {
  const comprehension = comprehensionOf(node);
  if (comprehension !== undefined) return estimateComprehension(comprehension, names);
  const binding = bindingOf(node);
  if (binding !== undefined) {
    const value = estimate(binding.value, names);
    const body = estimate(binding.body, withName(names, binding.variable, value.size));
    return { steps: value.steps + body.steps + 1, size: body.size };
  }
  if (node.op === 'id') return { steps: 1, size: names.get(node.args) ?? UNIT };
  if (node.op === 'value') return { steps: 1, size: literalSize(node.args) };
  const parts = childrenOf(node).map((part) => estimate(part, names));
  const work = workOf(
    node,
    parts.map((part) => part.size),
  );
  return { steps: parts.reduce((all, part) => all + part.steps, 1 + work.steps), size: work.size };
}

function estimateComprehension(of: Comprehension, names: Sizes): Estimate {
  const list = estimate(of.list, names);
  const inner = withName(names, of.variable, list.size.element ?? UNIT);
  const bodies = of.bodies.map((body) => estimate(body, inner));
  const each = bodies.reduce((all, body) => all + body.steps, of.method === 'map' ? 2 : 2 + CAUGHT);
  const steps = list.steps + list.size.own * each;
  if (of.method === 'map') return { steps, size: listSize(list.size.own, bodies.at(-1)?.size ?? UNIT) };
  return { steps, size: of.method === 'filter' ? { ...list.size, fields: undefined } : UNIT };
}

function withName(names: Sizes, variable: Tree, size: Size): Sizes {
  return variable.op === 'id' ? new Map(names).set(variable.args, size) : names;
}

function literalSize(value: unknown): Size {
  if (typeof value === 'string') return textSize(value.length);
  return value instanceof Uint8Array ? textSize(value.length) : UNIT;
}

function workOf(node: Tree, sizes: readonly Size[]): Estimate {
  const [a = UNIT, b = UNIT] = sizes;
  switch (node.op) {
    case '.':
    case '.?':
      return { steps: 0, size: a.fields?.get(node.args[1]) ?? a.element ?? UNIT };
    case '[]':
    case '[?]':
      return { steps: 0, size: indexed(node.args[1], a) };
    case '+':
      return { steps: (a.own + b.own) / COPIED, size: sum(a, b) };
    case '==':
    case '!=':
      return { steps: Math.min(a.total, b.total) / COPIED, size: UNIT };
    case 'in':
      return { steps: b.own * (1 + Math.min(a.total, b.element?.total ?? 1) / COPIED), size: UNIT };
    case '?:':
      return { steps: 0, size: join(b, sizes[2]) };
    case '||':
    case '&&':
      return { steps: CAUGHT, size: UNIT };
    case 'list':
    case 'map':
      return { steps: 0, size: literalOf(sizes) };
    case 'call':
      return functionWork(node.args[0], sizes);
    case 'rcall':
      return methodWork(node, sizes);
    default:
      return { steps: 0, size: UNIT };
  }
}

function indexed(index: Tree, of: Size): Size {
  const field = index.op === 'value' && typeof index.args === 'string' ? of.fields?.get(index.args) : undefined;
  return field ?? of.element ?? UNIT;
}

function sum(a: Size, b: Size): Size {
  const { element } = join(a, b);
  return { own: a.own + b.own, total: a.total + b.total, element };
}

function literalOf(parts: readonly Size[]): Size {
  const total = parts.reduce((all, part) => all + part.total, parts.length);
  const element = parts.reduce<Size | undefined>(join, undefined);
  return { own: parts.length, total, element };
}

function functionWork(name: string, [a = UNIT]: readonly Size[]): Estimate {
  const steps = a.own / SCANNED;
  if (name === 'dyn') return { steps: 0, size: a };
  if (name === 'string') return { steps, size: textSize(a.own + 32) };
  return { steps, size: name === 'bytes' ? textSize(a.own * 3) : UNIT };
}

function methodWork(node: Tree & { op: 'rcall' }, [a = UNIT, b = UNIT]: readonly Size[]): Estimate {
  const steps = a.own / SCANNED;
  switch (node.args[0]) {
    case 'linearMatches':
    case 'matches':
      return { steps: (a.own * programSize(node.args[2][0])) / MATCHED, size: UNIT };
    case 'contains':
    case 'indexOf':
    case 'lastIndexOf':
      return { steps: steps + (a.own * b.own) / SEARCHED, size: UNIT };
    case 'split':
      return {
        steps: a.own / COPIED + (a.own * b.own) / SEARCHED,
        size: { own: a.own + 1, total: 2 * a.own + 1, element: textSize(a.own) },
      };
    case 'join':
      return { steps: a.total / COPIED + (a.own * b.own) / SCANNED, size: textSize(a.total + a.own * b.own) };
    case 'trim':
    case 'lowerAscii':
    case 'upperAscii':
    case 'substring':
      return { steps, size: textSize(a.own) };
    case 'hex':
    case 'base64':
    case 'string':
      return { steps, size: textSize(a.own * 2 + 4) };
    case 'startsWith':
    case 'endsWith':
      return { steps: b.own / SCANNED, size: UNIT };
    case 'or':
    case 'orValue':
    case 'of':
    case 'value':
      return { steps: 0, size: join(a, b) };
    default:
      return { steps, size: UNIT };
  }
}

function programSize(pattern: Tree | undefined): number {
  const literal = pattern?.op === 'value' && typeof pattern.args === 'string';
  return literal ? patternSize(String(pattern.args)) : MAX_COMPUTED_PROGRAM;
}
