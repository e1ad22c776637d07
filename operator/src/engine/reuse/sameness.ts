import type { Json } from '../../api/index.ts';
import type { RunIdentity } from '../bindings/bindings.ts';
import { ANY_NAME } from '../expression/index.ts';
import type { Plan } from '../plan/plan.ts';
import type { RunState } from '../state/state.ts';
import { canonicalJson } from '../values/digest.ts';
import { type Edits, editsOf, isEdited } from './edits.ts';
import { type InsideTask, insideOf, type KnownBodies } from './inside.ts';

/** A run that ended, and the one that repeats it. */
export interface Repeat {
  readonly before: {
    readonly state: RunState;
    readonly identity: RunIdentity;
    /** What it executed; undefined where that cannot be read any more. */
    readonly plan: Plan | undefined;
  };
  readonly after: {
    readonly plan: Plan;
    readonly parameters: { readonly [name: string]: Json };
    readonly identity: RunIdentity;
  };
  /** Fork: the task that it begins with. */
  readonly task?: string | undefined;
  /**
   * Why the runs that a task started of these Workflows do not stand for those that it would start now; nothing if they
   * do.
   */
  readonly children: (task: string, workflows: ReadonlySet<string>) => string | undefined;
}

/** What can be said of each task by itself, worked out once. */
export interface Facts {
  /** Why it would not be made as it was; nothing if it would. Of the tasks that it needs and reads nothing is said. */
  readonly difference: (name: string) => string | undefined;
  /** Why it has to ask again although it would be made as it was; nothing where it asks nobody. */
  readonly reasonToAsk: (name: string) => string | undefined;
  /** Whether it asks people or systems, or may: what is generated is known only when it is. */
  readonly mayAsk: (name: string) => boolean;
}

export function factsOf(repeat: Repeat): Facts {
  const { before, after } = repeat;
  const { definition, tasks, defaults } = after.plan;
  const known: KnownBodies = new Map();
  const insideIn = once((name) => {
    const task = tasks.get(name)?.task;
    return task && insideOf(definition, task, defaults, known);
  });
  const edits = before.plan && editsOf(before.plan, after.plan);
  return {
    difference: once((name) => differenceOf(repeat, edits, name, insideIn(name))),
    reasonToAsk: once((name) => reasonToAskAgain(repeat, name, insideIn(name))),
    mayAsk: (name) => mayAsk(insideIn(name)),
  };
}

function once<T>(answer: (name: string) => T): (name: string) => T {
  const known = new Map<string, { readonly value: T }>();
  return (name) => {
    const found = known.get(name) ?? { value: answer(name) };
    known.set(name, found);
    return found.value;
  };
}

function differenceOf(
  repeat: Repeat,
  edits: Edits | undefined,
  name: string,
  inside: InsideTask | undefined,
): string | undefined {
  if (!repeat.before.plan) return 'its earlier definition is no longer readable';
  if (!inside) return 'it is new';
  if (edits && isEdited(edits, name, inside)) return 'its definition differs';
  const parameter = differingParameter(repeat, inside);
  if (parameter !== undefined) return `params.${parameter} differs`;
  const [field] = inside.decides;
  if (field !== undefined) return `${fieldName(field)} affects what it does`;
  return inside.workflows.size === 0 ? undefined : repeat.children(name, inside.workflows);
}

/** What was allowed is one run as it was shown: the definition, all parameters, for one requester. */
function reasonToAskAgain({ before, after }: Repeat, name: string, inside: InsideTask | undefined): string | undefined {
  if (!inside || !mayAsk(inside)) return undefined;
  if (before.plan?.digest !== after.plan.digest) return 'the definition differs';
  const parameter = namesOf(before.state.parameters, after.parameters).find(differsIn(before.state, after.parameters));
  if (parameter !== undefined) return `params.${parameter} differs`;
  const [field] = inside.run;
  if (field !== undefined) return `it shows or reads ${fieldName(field)}`;
  const startedAt = before.state.tasks.get(name)?.unit.startedAt ?? -1;
  if (startedAt < 0) return 'it was answered in an earlier run of the chain';
  return requesterDiffers(before.identity, after.identity);
}

/** What is generated is known only when it is, so it may ask. */
const mayAsk = (inside: InsideTask | undefined): boolean => inside?.generates === true || inside?.asks === true;

/** The same person must have asked for both runs, and nobody besides for what led to the new one. */
function requesterDiffers(before: RunIdentity, after: RunIdentity): string | undefined {
  const isKnown = before.requester !== undefined && after.requester !== undefined;
  if (!isKnown || before.isUnknown || after.isUnknown) {
    return 'it is not proven that the same person requested both runs';
  }
  const known = [...(before.requesters ?? []), before.resumedBy];
  const isSame = before.requester === after.requester && (after.requesters ?? []).every((one) => known.includes(one));
  return isSame ? undefined : 'another person requested this run';
}

function differingParameter({ before, after }: Repeat, { parameters }: InsideTask): string | undefined {
  const all = namesOf(before.state.parameters, after.parameters);
  const read = parameters.has(ANY_NAME) ? all : all.filter((name) => parameters.has(name));
  return read.find(differsIn(before.state, after.parameters));
}

const namesOf = (one: object, other: object): string[] =>
  [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();

const differsIn =
  ({ parameters: before }: RunState, after: Repeat['after']['parameters']) =>
  (name: string): boolean =>
    canonicalJson(before[name]) !== canonicalJson(after[name]);

const fieldName = (field: string): string => (field === ANY_NAME ? 'run' : `run.${field}`);
