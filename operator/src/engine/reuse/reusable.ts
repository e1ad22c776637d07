import { missingOutputs, type Outputs, someOf } from '../../api/index.ts';
import { formatPath } from '../state/paths.ts';
import type { TaskState } from '../state/state.ts';
import { reasonNotAllowed } from './approvals.ts';
import { artifactsNeeded, askedAgain, changedAround, choose, groundOf } from './choice.ts';
import { type Evidence, isStillRead } from './evidence.ts';
import type { Repeat } from './sameness.ts';

/** Which tasks of an earlier run are taken over, wholly or, of a fan-out, in part. */
export interface Reuse {
  readonly whole: ReadonlySet<string>;
  readonly partly: ReadonlySet<string>;
  /** Those of them that asked people or systems, or may have: they are taken over only if the answers still allow it. */
  readonly asked: ReadonlySet<string>;
  /** What ended well and is done again all the same, with why; but for the task that a fork begins with, and what follows. */
  readonly again: ReadonlyMap<string, string>;
}

/**
 * What a retry (without `task`) or a fork from a task does not repeat: tasks that ended well, that would be made from the
 * same definition and values, and that come after nothing that is done again. A task that asks is kept only for the run
 * that it was answered for. A skip is never taken over: it is judged anew. A fan-out that did not end well keeps its good
 * items. Artifacts are those of a run: a task whose artifacts are needed again is done again.
 * @param refused tasks that are done again, with why, for what the history says
 */
export function reusable(repeat: Repeat, refused: ReadonlyMap<string, string> = new Map()): Reuse {
  const ground = groundOf(repeat, refused);
  for (;;) {
    const choice = choose(ground);
    const found = [...artifactsNeeded(choice), ...changedAround(choice)];
    for (const [name, why] of found) ground.reasons.set(name, why);
    const { whole, partly, again } = choice;
    const asked = new Set([...whole, ...partly].filter(ground.facts.mayAsk));
    if (found.length === 0) return { whole, partly, again, asked };
  }
}

/** What is left of a first answer of `reusable` once the history tells what was answered and handed on. */
export function allowedReuse(repeat: Repeat, first: Reuse, evidence: Evidence): Reuse {
  const refused = new Map<string, string>();
  let reuse = first;
  for (;;) {
    const found = [
      ...notHandedOn(repeat, reuse, evidence),
      ...notAllowed(repeat, reuse, evidence),
      ...notOnRecord(repeat, reuse, evidence),
    ];
    if (found.length === 0) return reuse;
    for (const [name, why] of found) refused.set(name, why);
    reuse = reusable(repeat, refused);
  }
}

function notAllowed({ after }: Repeat, { asked }: Reuse, { answered }: Evidence): [string, string][] {
  return [...asked].flatMap((name): [string, string][] => {
    const why = reasonNotAllowed(answered.get(name), after.identity);
    return why === undefined ? [] : [[name, askedAgain(why)]];
  });
}

/** Of a task that the earlier run took over itself, only what was still read there was taken along. */
function notOnRecord({ before, after: { plan } }: Repeat, reuse: Reuse, { outputs }: Evidence): [string, string][] {
  const known = new Set([...outputs.keys()].map((path) => path.split('[', 1)[0]));
  const isLost = (name: string) => {
    const { unit, fan, outputs: handed } = before.state.tasks.get(name) ?? {};
    const { any, outputs: declared = {} } = plan.types.tasks[name] ?? {};
    const hasHandedOn = any === true || Object.keys(declared).length > 0;
    const isThere = handed !== undefined || (fan?.outputs.size ?? 0) > 0 || known.has(name);
    return unit?.from !== undefined && hasHandedOn && !isThere && isStillRead(plan, name, reuse);
  };
  return [...reuse.whole].filter(isLost).map((name) => [name, 'its outputs are no longer on record']);
}

/** Earlier versions let a task succeed without outputs that it declares; where one is read, it is made now. */
function notHandedOn({ before, after: { plan } }: Repeat, reuse: Reuse, { outputs }: Evidence): [string, string][] {
  return [...reuse.whole].flatMap((name): [string, string][] => {
    const { outputs: declared, loop } = plan.tasks.get(name)?.task ?? {};
    const state = before.state.tasks.get(name);
    // A loop without an iteration hands on none of them.
    if (!declared || loop || !state || !isStillRead(plan, name, reuse)) return [];
    const missing = outputsOfUnits(name, state, outputs).flatMap((each) => missingOutputs(declared, each));
    return missing.length === 0 ? [] : [[name, `it has no output ${missing[0]}`]];
  });
}

/** What a task handed on, or each item of it that ended well. */
function outputsOfUnits(name: string, { fan, outputs }: TaskState, history: Evidence['outputs']): Outputs[] {
  if (!fan) return [outputs ?? history.get(name) ?? {}];
  return fan.succeeded.flatMap(([from, to]) =>
    Array.from({ length: to - from + 1 }, (_, at) => {
      return fan.outputs.get(from + at) ?? history.get(formatPath('', name, from + at)) ?? {};
    }),
  );
}

/** How many tasks the sentence names, and how long it may be. */
const MAX_NAMED = 8;
const MAX_SENTENCE = 1024;

/** What is done again although it had ended well, and why, in a sentence; nothing if there is nothing to say. */
export function repeatedText({ again }: Pick<Reuse, 'again'>): string | undefined {
  if (again.size === 0) return undefined;
  const named = [...again].map(([name, why]) => `${name} (${why})`);
  return `repeated: ${someOf(named, MAX_NAMED)}`.slice(0, MAX_SENTENCE);
}
