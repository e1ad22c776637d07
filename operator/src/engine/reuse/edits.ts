import type { Parameter } from '../../api/index.ts';
import { ANY_NAME } from '../expression/index.ts';
import type { Plan } from '../plan/plan.ts';
import { canonicalJson } from '../values/digest.ts';
import type { InsideTask } from './inside.ts';

/** What differs between two definitions beyond their tasks, worked out once. */
export interface Edits {
  readonly before: Plan;
  readonly after: Plan;
  /** Templates by libraryKey, and parameters by name, of which the type counts. */
  readonly bodies: ReadonlySet<string>;
  readonly parameters: ReadonlySet<string>;
  readonly defaults: boolean;
  readonly workspaces: boolean;
}

/** Nothing where the definitions are the same. */
export function editsOf(before: Plan, after: Plan): Edits | undefined {
  if (before.digest === after.digest) return undefined;
  const [one, other] = [before.definition, after.definition];
  return {
    ...{ before, after },
    bodies: differing(one.library ?? {}, other.library ?? {}),
    parameters: differing(typesOf(one.parameters), typesOf(other.parameters)),
    defaults: differs(one.defaults, other.defaults),
    workspaces: differs(one.workspaces, other.workspaces),
  };
}

/** Whether a task, or what it is made with, was edited. `inside` is what the newer definition says of it. */
export function isEdited({ before, after, ...edits }: Edits, name: string, inside: InsideTask): boolean {
  if (differs(madeBy(before, name), madeBy(after, name)) || edits.defaults) return true;
  if (edits.workspaces && inside.mounts) return true;
  // What is generated may use every template and read every parameter.
  const { bodies, parameters, generates } = inside;
  const reads = (parameter: string) => parameters.has(parameter) || parameters.has(ANY_NAME);
  return [...edits.bodies].some((key) => generates || bodies.has(key)) || [...edits.parameters].some(reads);
}

/** All of a task but what only people read. */
function madeBy({ tasks }: Plan, name: string): unknown {
  const { description: _forPeople, ...made } = tasks.get(name)?.task ?? {};
  return made;
}

const typesOf = (parameters: readonly Parameter[] = []): Record<string, string> =>
  Object.fromEntries(parameters.map(({ name, type = 'String' }) => [name, type]));

function differing(one: Readonly<Record<string, unknown>>, other: Readonly<Record<string, unknown>>): Set<string> {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return new Set([...keys].filter((key) => differs(one[key], other[key])));
}

const differs = (one: unknown, other: unknown): boolean => canonicalJson(one) !== canonicalJson(other);
