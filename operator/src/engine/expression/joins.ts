import { childrenOf, type Tree } from './tree.ts';

/** A type of cel-js, as far as it is looked at here. */
interface CelType {
  readonly kind: string;
  readonly hasPlaceholderType?: boolean;
}

interface Checker {
  check(node: Tree, context: unknown): CelType;
  readonly registry: { getListType(element: CelType): CelType };
  readonly dynType: CelType;
}

type Handler = (left: unknown, right: unknown, node: Tree, evaluator: unknown) => unknown;
type Check = (checker: Checker, node: Tree, context: unknown) => CelType;

/** What cel-js keeps of an operator besides what its type says: how it is checked and, once it is, how it is evaluated. */
type Operator = Tree & {
  handle: Handler;
  readonly meta: { readonly check: Check };
  setMeta(name: 'check', check: Check): void;
};

/**
 * Lets lists be joined, and one be chosen, whatever their entries are: cel-js takes two of one type only, and the outputs of two
 * tasks are two types. The result of two types is a list of anything. Changes the tree, before it is checked.
 */
export function allowJoins(tree: Tree): void {
  for (const part of childrenOf(tree)) allowJoins(part);
  if (tree.op === '+') allowSum(tree);
  if (tree.op === '?:') allowChoice(tree);
}

function allowSum(tree: Tree & { op: '+' }): void {
  const operator = tree as Operator;
  const { check } = operator.meta;
  operator.setMeta('check', (checker, node, context) => {
    const [left, right] = tree.args.map((side) => checker.check(side, context)) as [CelType, CelType];
    const isJoin = isListOfKnown(left) && isListOfKnown(right) && left !== right;
    if (isJoin) {
      const [first, second] = tree.args;
      Object.assign(operator, { left: first, right: second, handle: joined, candidates: { async: false } });
      return checker.registry.getListType(checker.dynType);
    }
    const type = check(checker, node, context);
    const add = operator.handle;
    operator.handle = (a, b, at, evaluator) =>
      Array.isArray(a) && Array.isArray(b) ? joined(a, b) : add(a, b, at, evaluator);
    return type;
  });
}

/** Either of two lists, of two types. */
function allowChoice(tree: Tree & { op: '?:' }): void {
  const operator = tree as Operator;
  const { check } = operator.meta;
  operator.setMeta('check', (checker, node, context) => {
    try {
      return check(checker, node, context);
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'incompatible_ternary_branches') throw error;
      const [, yes, no] = tree.args;
      if (![yes, no].every((branch) => isListOfKnown(checker.check(branch, context)))) throw error;
      return checker.registry.getListType(checker.dynType);
    }
  });
}

const joined = (left: readonly unknown[], right: readonly unknown[]): unknown[] => [...left, ...right];

/** An empty list is a list of whatever it is joined with. */
const isListOfKnown = ({ kind, hasPlaceholderType }: CelType): boolean =>
  kind === 'list' && hasPlaceholderType !== true;
