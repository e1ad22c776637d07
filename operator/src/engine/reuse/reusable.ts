import { ancestors } from '../graph.ts';
import type { Plan } from '../plan.ts';
import { sizeOfRanges } from '../ranges.ts';
import type { TaskState } from '../state.ts';
import { type Answered, reasonNotAllowed } from './approvals.ts';
import { type Facts, factsOf, type Repeat } from './sameness.ts';

/** Which tasks of an earlier run are taken over, wholly or, of a fan-out, in part. */
export interface Reuse {
  readonly whole: ReadonlySet<string>;
  readonly partly: ReadonlySet<string>;
  /** Those of them that asked people or systems, or may have: they are taken over only if the answers still allow it. */
  readonly asked: ReadonlySet<string>;
  /** What ended well and is done again all the same, with why; but for the task that a fork begins with, and what follows. */
  readonly again: ReadonlyMap<string, string>;
}

/** What a choice is made from: it is made again and again with more reasons, until none is found. */
interface Ground {
  readonly repeat: Repeat;
  readonly facts: Facts;
  /** For each task what it comes after: directly, and through others. */
  readonly needs: ReadonlyMap<string, readonly string[]>;
  readonly before: ReadonlyMap<string, ReadonlySet<string>>;
  /** Tasks that are done again for more than what they are made from. */
  readonly reasons: Map<string, string>;
}

interface Choice extends Ground {
  readonly whole: Set<string>;
  readonly partly: Set<string>;
  /** Skipped in the earlier run, and sure to be skipped again: they are judged anew, and what comes after them is kept. */
  readonly skips: Set<string>;
  readonly again: Map<string, string>;
  /** The task that a fork begins with, and what comes after it. */
  readonly chosen: Set<string>;
}

/**
 * What a retry (without `task`) or a fork from a task does not repeat: tasks that ended well, that would be made from the
 * same definition and values, and that come after nothing that is done again. A task that asks is kept only for the run
 * that it was answered for. A skip is never taken over: it is judged anew. A fan-out that did not end well keeps its good
 * items. Artifacts are those of a run: a task whose artifacts are needed again is done again.
 * @param refused tasks that have to ask again, with why, for what the history says
 */
export function reusable(repeat: Repeat, refused: ReadonlyMap<string, string> = new Map()): Reuse {
  const { plan } = repeat.after;
  const main = plan.order.filter((name) => plan.tasks.get(name)?.role === 'Main');
  const needs = new Map(main.map((name) => [name, needsOf(plan, name)]));
  const nodes = [...needs].map(([name, before]) => ({ name, needs: before }));
  const reasons = new Map([...refused].map(([name, why]) => [name, askedAgain(why)]));
  const ground = { repeat, facts: factsOf(repeat), needs, before: ancestors(nodes), reasons };
  for (;;) {
    const choice = choose(ground);
    const found = [...artifactsNeeded(choice), ...changedAround(choice)];
    for (const [name, why] of found) reasons.set(name, why);
    const { whole, partly, again } = choice;
    const asked = new Set([...whole, ...partly].filter(ground.facts.mayAsk));
    if (found.length === 0) return { whole, partly, again, asked };
  }
}

/** What is left of a first answer of `reusable` once the history tells what people have answered. */
export function allowedReuse(repeat: Repeat, first: Reuse, answered: ReadonlyMap<string, Answered>): Reuse {
  const refused = new Map<string, string>();
  for (const name of first.asked) {
    const why = reasonNotAllowed(answered.get(name), repeat.after.identity);
    if (why !== undefined) refused.set(name, why);
  }
  return refused.size === 0 ? first : reusable(repeat, refused);
}

/** What a task comes after: what it needs, and what it reads. */
function needsOf(plan: Plan, name: string): string[] {
  const planned = plan.tasks.get(name);
  return [...new Set([...(planned?.task.needs ?? []), ...(planned?.reads ?? [])])];
}

const askedAgain = (why: string): string => `asked again: ${why}`;

function choose(ground: Ground): Choice {
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

/** Tasks whose artifacts a task that is done again fetches. */
function artifactsNeeded({ repeat, whole }: Choice): [string, string][] {
  const { plan } = repeat.after;
  const readers = plan.order.filter((reader) => !whole.has(reader));
  const inputs = readers.flatMap((reader) => plan.tasks.get(reader)?.task.artifacts?.inputs ?? []);
  const fetched = new Set(inputs.map(({ from }) => from.slice(0, from.indexOf('.'))));
  return [...whole].filter((name) => fetched.has(name)).map((name) => [name, 'its artifacts are needed again']);
}

/**
 * Tasks that ask, and after which comes what is made of something else than when they were answered: a task beside them
 * that had ended well is done again.
 */
function changedAround({ repeat, facts, before, whole, partly, again, chosen }: Choice): [string, string][] {
  const { tasks } = repeat.before.state;
  const asking = [...whole, ...partly].filter(facts.mayAsk);
  if (asking.length === 0) return [];
  const changed = [...again.keys(), ...[...chosen].filter((name) => tasks.get(name)?.unit.phase === 'Succeeded')];
  const found = new Map<string, string>();
  for (const last of lastOf(before)) {
    const leading = before.get(last) ?? new Set();
    const asks = asking.filter((name) => leading.has(name) && !found.has(name));
    const others = asks.length === 0 ? [] : changed.filter((name) => leading.has(name));
    for (const name of asks) {
      const other = others.find((each) => before.get(each)?.has(name) === false);
      if (other !== undefined) found.set(name, askedAgain(`${other}, which leads to the same tasks, is done again`));
    }
  }
  return [...found];
}

/** Tasks that no other comes after. */
function lastOf(before: Ground['before']): string[] {
  const leading = new Set([...before.values()].flatMap((names) => [...names]));
  return [...before.keys()].filter((name) => !leading.has(name));
}

/** How many tasks the sentence names, and how long it may be. */
const MAX_NAMED = 8;
const MAX_SENTENCE = 1024;

/** What is done again although it had ended well, and why, in a sentence; nothing if there is nothing to say. */
export function repeatedText({ again }: Pick<Reuse, 'again'>): string | undefined {
  if (again.size === 0) return undefined;
  const named = [...again].slice(0, MAX_NAMED).map(([name, why]) => `${name} (${why})`);
  const more = again.size > MAX_NAMED ? ` and ${again.size - MAX_NAMED} more` : '';
  return `repeated: ${named.join(', ')}${more}`.slice(0, MAX_SENTENCE);
}
