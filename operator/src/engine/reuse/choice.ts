import { ancestors } from '../plan/graph.ts';
import type { Plan } from '../plan/plan.ts';
import { sizeOfRanges } from '../state/ranges.ts';
import type { TaskState } from '../state/state.ts';
import { type Facts, factsOf, type Repeat } from './sameness.ts';

/** What a choice is made from: it is made again and again with more reasons, until none is found. */
export interface Ground {
  readonly repeat: Repeat;
  readonly facts: Facts;
  /** For each task what it comes after: directly, and through others. */
  readonly needs: ReadonlyMap<string, readonly string[]>;
  readonly before: ReadonlyMap<string, ReadonlySet<string>>;
  /** Tasks that are done again for more than what they are made from. */
  readonly reasons: Map<string, string>;
}

/** Which tasks are taken over, and why others are not. */
export interface Choice extends Ground {
  readonly whole: Set<string>;
  readonly partly: Set<string>;
  /** Skipped in the earlier run, and sure to be skipped again: they are judged anew, and what comes after them is kept. */
  readonly skips: Set<string>;
  readonly again: Map<string, string>;
  /** The task that a fork begins with, and what comes after it. */
  readonly chosen: Set<string>;
}

export function groundOf(repeat: Repeat, refused: ReadonlyMap<string, string>): Ground {
  const { plan } = repeat.after;
  const main = plan.order.filter((name) => plan.tasks.get(name)?.role === 'Main');
  const needs = new Map(main.map((name) => [name, needsOf(plan, name)]));
  const nodes = [...needs].map(([name, before]) => ({ name, needs: before }));
  return { repeat, facts: factsOf(repeat), needs, before: ancestors(nodes), reasons: new Map(refused) };
}

/** What a task comes after: what it needs, and what it reads. */
function needsOf(plan: Plan, name: string): string[] {
  const planned = plan.tasks.get(name);
  return [...new Set([...(planned?.task.needs ?? []), ...(planned?.reads ?? [])])];
}

/** How people are told that a task asks again. */
export const askedAgain = (why: string): string => `asked again: ${why}`;

/** Goes through all tasks, each after what it needs. */
export function choose(ground: Ground): Choice {
  const sets = { whole: new Set<string>(), partly: new Set<string>(), skips: new Set<string>() };
  const choice: Choice = { ...ground, ...sets, again: new Map(), chosen: new Set() };
  for (const name of ground.needs.keys()) chooseOne(choice, name);
  return choice;
}

function chooseOne(choice: Choice, name: string): void {
  const { repeat, whole, skips, again, chosen } = choice;
  const state = repeat.before.state.tasks.get(name);
  const needs = choice.needs.get(name) ?? [];
  if (name === repeat.task || needs.some((need) => chosen.has(need))) return void chosen.add(name);
  if (!state) return;
  const after = needs.find((need) => !whole.has(need) && !skips.has(need));
  if (state.unit.phase === 'Skipped') {
    if (after === undefined && isJudgedAlike(choice, name, state)) skips.add(name);
    return;
  }
  if (state.unit.phase !== 'Succeeded') return after === undefined ? choosePart(choice, name, state) : undefined;
  const why = after === undefined ? whyAgain(choice, name) : `comes after ${after}`;
  if (why === undefined) whole.add(name);
  if (why !== undefined) again.set(name, why);
}

/** A fan-out that did not end well: a retry keeps its good items. */
function choosePart(choice: Choice, name: string, { fan }: TaskState): void {
  const { repeat, partly, again } = choice;
  if (repeat.task !== undefined || !fan || repeat.after.plan.tasks.get(name)?.task.artifacts) return;
  const why = whyAgain(choice, name);
  if (why === undefined) partly.add(name);
  if (why !== undefined && sizeOfRanges(fan.succeeded) > 0) again.set(name, why);
}

/** Whether a skip comes out as it did: it was decided by values that are the same. */
function isJudgedAlike({ facts }: Choice, name: string, { unit }: TaskState): boolean {
  if (unit.reason !== 'WhenFalse' && unit.reason !== 'NothingFailed') return false;
  return facts.difference(name) === undefined;
}

function whyAgain({ facts, reasons }: Choice, name: string): string | undefined {
  const given = reasons.get(name);
  if (given !== undefined) return given;
  const why = facts.reasonToAsk(name);
  return why === undefined ? facts.difference(name) : askedAgain(why);
}

/** Tasks whose artifacts a task that is done again fetches, and so on: the readers of a task come after it. */
export function artifactsNeeded({ repeat, whole }: Choice): [string, string][] {
  const { order, tasks } = repeat.after.plan;
  const makersFor = (reader: string) =>
    (tasks.get(reader)?.task.artifacts?.inputs ?? []).map(({ from }) => from.slice(0, from.indexOf('.')));
  const fetched = new Set(order.filter((name) => !whole.has(name)).flatMap(makersFor));
  const found: [string, string][] = [];
  for (const name of order.toReversed()) {
    if (!whole.has(name) || !fetched.has(name)) continue;
    found.push([name, 'its artifacts are needed again']);
    for (const maker of makersFor(name)) fetched.add(maker);
  }
  return found;
}

/**
 * Tasks that ask, and after which comes what is made of something else than when they were answered: a task beside them
 * that had ended well is done again.
 */
export function changedAround(choice: Choice): [string, string][] {
  const { facts, before, whole, partly } = choice;
  const asking = [...whole, ...partly].filter(facts.mayAsk);
  if (asking.length === 0) return [];
  const changed = changedIn(choice);
  const found = new Map<string, string>();
  for (const last of lastOf(before)) {
    const leading = before.get(last) ?? new Set();
    const asks = asking.filter((name) => leading.has(name) && !found.has(name));
    const others = asks.length === 0 ? [] : changed.filter((name) => leading.has(name));
    for (const name of asks) {
      const other = others.find((each) => before.get(each)?.has(name) === false);
      if (other !== undefined) found.set(name, askedAgain(`${other}, which leads to the same tasks, runs again`));
    }
  }
  return [...found];
}

/** Tasks that had come to an end that is not the one that they have now. */
function changedIn({ repeat, again, chosen, needs, skips }: Choice): string[] {
  const unitOf = (name: string) => repeat.before.state.tasks.get(name)?.unit;
  const isSkipped = (name: string) => unitOf(name)?.phase === 'Skipped' && unitOf(name)?.reason !== 'NeedFailed';
  const skipped = [...needs.keys()].filter((name) => isSkipped(name) && !skips.has(name));
  return [...again.keys(), ...skipped, ...[...chosen].filter((name) => unitOf(name)?.phase === 'Succeeded')];
}

/** Tasks that no other comes after. */
function lastOf(before: Ground['before']): string[] {
  const leading = new Set([...before.values()].flatMap((names) => [...names]));
  return [...before.keys()].filter((name) => !leading.has(name));
}
