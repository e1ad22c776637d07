import { type Definition, decodeEvents, encodeEvents, type Json } from '../../api/index.ts';
import {
  allowedReuse,
  answeredIn,
  copyOf,
  digestOf,
  outputsIn,
  plan,
  type Repeat,
  type Reuse,
  type RunIdentity,
  reusable,
} from '../index.ts';
import { type Fate, Simulation } from './simulation.ts';

/** How a run repeats another; what is not said is as it was. */
export interface Repeating {
  readonly definition?: Definition;
  readonly parameters?: Readonly<Record<string, Json>>;
  readonly identity?: RunIdentity;
  /** Fork: the task that it begins with. */
  readonly task?: string;
  readonly children?: Repeat['children'];
  /** The definition of the first run cannot be read any more. */
  readonly isForgotten?: boolean;
  readonly fate?: (path: string, attempt: number) => Fate;
}

/** A run of this person, of whom the API server knows. */
export const requestedBy = (username: string, name = 'run'): RunIdentity => ({
  ...{ name, namespace: 'ns', uid: `uid-of-${name}`, workflow: 'wf' },
  ...{ requester: username, requesters: [username] },
});

/** What a run takes over from one that ended, and that run before its first pass. */
export function repeating(first: Simulation, by: Repeating = {}): { reuse: Reuse; second: Simulation } {
  const { definition = first.plan.definition, parameters = first.state.parameters } = by;
  const { identity = { ...first.identity, name: 'again', uid: 'uid-of-again' } } = by;
  const after = plan(definition, digestOf(definition));
  const repeat: Repeat = {
    before: { state: first.state, identity: first.identity, plan: by.isForgotten ? undefined : first.plan },
    after: { plan: after, parameters, identity },
    task: by.task,
    children: by.children ?? (() => 'nothing is known of it'),
  };
  const history = decodeEvents(encodeEvents(first.history));
  const evidence = { outputs: outputsIn(history), answered: answeredIn(after, history) };
  const reuse = allowedReuse(repeat, reusable(repeat), evidence);
  const copy = copyOf(after, first.state, reuse, first.identity.name, evidence);
  if (copy && 'problem' in copy) throw new Error(copy.problem);
  const options = {
    parameters,
    identity,
    ...(by.fate ? { fate: by.fate } : {}),
    ...(copy ? { copied: copy.event } : {}),
  };
  return { reuse, second: new Simulation(definition, options) };
}
