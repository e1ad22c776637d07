import { type ForEach, type Json, MAX_ITEMS } from '../../api/index.ts';
import { type Bindings, ExpressionError, evaluate, inField } from '../expression/index.ts';

/**
 * The items of a fan-out, in order.
 * @throws ExpressionError when `itemsFrom` cannot be evaluated, or yields neither a list nor a map
 */
export function itemsFor(forEach: ForEach, bindings: () => Bindings): Json[] {
  const { items, itemsFrom, sequence, matrix } = forEach;
  if (itemsFrom !== undefined) return listed(inField('forEach.itemsFrom', () => evaluate(itemsFrom, bindings())));
  if (sequence) return numbers(sequence);
  return matrix ? combinations(matrix) : ((items ?? []) as Json[]);
}

/** How long the name of an item may be. */
const MAX_KEY = 63;

/**
 * What `forEach.key` names an item, if it does.
 * @throws ExpressionError when it has no value, or one that is no short text
 */
export function keyOf(forEach: ForEach | undefined, bindings: Bindings): string | undefined {
  if (forEach?.key === undefined) return undefined;
  const key = evaluate(forEach.key, bindings);
  if (typeof key === 'string' && key !== '' && key.length <= MAX_KEY) return key;
  throw new ExpressionError(`forEach.key must yield a text of 1 to ${MAX_KEY} characters for each item`);
}

/**
 * Two items of one name, if there are any.
 * @throws ExpressionError as keyOf does
 */
export function repeatedKey(forEach: ForEach, items: readonly Json[], bindings: Bindings): string | undefined {
  if (forEach.key === undefined) return undefined;
  const known = new Set<string>();
  for (const [index, item] of items.entries()) {
    const key = keyOf(forEach, { ...bindings, item, index }) ?? '';
    if (known.has(key)) return key;
    known.add(key);
  }
  return undefined;
}

function listed(value: Json): Json[] {
  if (Array.isArray(value)) return value;
  if (value === null || typeof value !== 'object') {
    throw new ExpressionError('forEach.itemsFrom yields neither a list nor a map');
  }
  const keys = Object.keys(value).sort();
  return keys.map((key) => ({ key, value: value[key] ?? null }));
}

/** How many items there are, before exclusions, where the definition says it. */
export function countOf({ items, sequence, matrix }: ForEach): number | undefined {
  if (items) return items.length;
  if (sequence) return lengthOf(sequence);
  if (!matrix) return undefined;
  return Object.values(matrix.axes).reduce((all, values) => all * values.length, 1) + (matrix.include ?? []).length;
}

/** One more than is allowed is enough to know that there are too many. */
function lengthOf({ from = 0, to, step = 1 }: NonNullable<ForEach['sequence']>): number {
  const count = step === 0 ? 0 : Math.max(0, Math.floor((to - from) / step) + 1);
  return Math.min(count, MAX_ITEMS + 1);
}

function numbers(sequence: NonNullable<ForEach['sequence']>): Json[] {
  const { from = 0, step = 1 } = sequence;
  return Array.from({ length: lengthOf(sequence) }, (_, index) => from + index * step);
}

type Combination = { [axis: string]: Json };

/** Every combination, the last axis changing fastest; axes in the order of their names, which every store keeps. */
function combinations({ axes, exclude = [], include = [] }: NonNullable<ForEach['matrix']>): Json[] {
  let all: Combination[] = [{}];
  for (const [axis, values] of Object.entries(axes).sort(([a], [b]) => (a < b ? -1 : 1))) {
    all = all.flatMap((one) => (values as Json[]).map((value) => ({ ...one, [axis]: value })));
    if (all.length > MAX_ITEMS) return all.slice(0, MAX_ITEMS + 1);
  }
  const kept = all.filter((one) => !exclude.some((out) => isLike(one, out as Combination)));
  return [...kept, ...(include as Combination[])];
}

function isLike(one: Combination, pattern: Combination): boolean {
  return Object.entries(pattern).every(([axis, value]) => JSON.stringify(one[axis]) === JSON.stringify(value));
}
