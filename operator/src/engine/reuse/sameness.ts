import type { Json } from '../../api/index.ts';
import type { RunIdentity } from '../bindings.ts';
import { canonicalJson } from '../digest.ts';
import { ANY_NAME } from '../expression/index.ts';
import type { Plan } from '../plan.ts';
import type { RunState } from '../state.ts';
import { asks, type Inside, insideOf } from './inside.ts';
import { type Reads, readsOf } from './reads.ts';

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
  return {
    difference: once((name) => differenceOf(repeat, name)),
    reasonToAsk: once((name) => reasonToAskAgain(repeat, name)),
    mayAsk: once((name) => {
      const inside = insideIn(repeat.after.plan, name);
      return inside !== undefined && mayAsk(inside);
    }),
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

function differenceOf(repeat: Repeat, name: string): string | undefined {
  const { before, after } = repeat;
  if (!before.plan) return 'what it was made by cannot be read any more';
  const inside = insideIn(after.plan, name);
  if (!inside) return 'it is new';
  const reads = readsOf(inside);
  if (
    before.plan.digest !== after.plan.digest &&
    madeBy(before.plan, name, reads) !== madeBy(after.plan, name, reads)
  ) {
    return 'its definition differs';
  }
  const parameter = differingParameter(repeat, reads);
  if (parameter !== undefined) return `params.${parameter} differs`;
  const [field] = reads.decides;
  if (field !== undefined) return `${fieldName(field)} decides what it does`;
  return inside.workflows.size === 0 ? undefined : repeat.children(name, inside.workflows);
}

/** What was allowed is one run as it was shown: the definition, all parameters, for one requester. */
function reasonToAskAgain({ before, after }: Repeat, name: string): string | undefined {
  const inside = insideIn(after.plan, name);
  if (!inside || !mayAsk(inside)) return undefined;
  if (before.plan?.digest !== after.plan.digest) return 'the definition differs';
  const parameter = namesOf(before.state.parameters, after.parameters).find(differsIn(before.state, after.parameters));
  if (parameter !== undefined) return `params.${parameter} differs`;
  const [field] = readsOf(inside).run;
  if (field !== undefined) return `it shows or reads ${fieldName(field)}`;
  const startedAt = before.state.tasks.get(name)?.unit.startedAt ?? -1;
  if (startedAt < 0) return 'it was answered in an earlier run of the chain';
  return requesterDiffers(before.identity, after.identity);
}

const mayAsk = (inside: Inside): boolean => inside.generates || asks(inside);

function requesterDiffers({ requester: one }: RunIdentity, { requester: other }: RunIdentity): string | undefined {
  if (!one?.attested || !other?.attested) return 'it is not proven that the same person asked for both runs';
  return one.username === other.username ? undefined : 'another person asked for this run';
}

function insideIn(plan: Plan, name: string): Inside | undefined {
  const task = plan.tasks.get(name)?.task;
  return task && insideOf(plan.definition, task, plan.defaults);
}

/** Everything of a definition that a task is made by, as text: equal texts make equal tasks of equal values. */
function madeBy({ tasks, defaults, definition, parameters }: Plan, name: string, reads: Reads): string | undefined {
  const task = tasks.get(name)?.task;
  if (!task) return undefined;
  const { own, inner, bodies, generates } = insideOf(definition, task, defaults);
  const { description: _forPeople, ...made } = task;
  const isRead = (parameter: string) => reads.parameters.has(parameter) || reads.parameters.has(ANY_NAME);
  const types = parameters.filter(({ name: of }) => isRead(of)).map(({ name: of, type = 'String' }) => [of, type]);
  const mounts = generates || [...own, ...inner].some(({ task: { workspaces } }) => workspaces !== undefined);
  return canonicalJson({
    task: made,
    defaults,
    types: Object.fromEntries(types),
    workspaces: mounts ? definition.workspaces : undefined,
    library: generates ? definition.library : Object.fromEntries(bodies),
  });
}

function differingParameter({ before, after }: Repeat, { parameters }: Reads): string | undefined {
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
