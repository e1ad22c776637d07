import {
  eventOf,
  HOOK_EVENTS,
  type Hook,
  type Parameter,
  sideOf,
  type Task,
  type TaskDefaults,
  type Undo,
} from '../../api/index.ts';
import type { Scope } from '../expression/index.ts';
import type { Library } from '../plan/visible.ts';
import { actionProblems } from './action.ts';
import { taskDurations } from './durations.ts';
import { expressionProblems } from './expressions.ts';
import { injectionProblems } from './injection.ts';
import { loopProblems } from './loop.ts';
import { podProblems } from './pod.ts';
import { type Problem, repeated } from './problem.ts';
import { withItself } from './scopes.ts';
import { withProblems } from './with.ts';

/** Where a task stands: what it may read, what it has by default, and which templates there are. */
export interface Place {
  readonly path: string;
  /** Nothing where the graph has a circle: references cannot be judged then. */
  readonly scope: Scope | undefined;
  /** The parameters around it. */
  readonly parameters: readonly Parameter[];
  readonly defaults: TaskDefaults;
  readonly library: Library;
  /** It was made by a task while the run was under way: what it says are values, and not the definition. */
  readonly isGenerated?: boolean | undefined;
}

/** What is wrong with a task, its hooks and its undo. */
export function taskProblems(task: Task, place: Place): Problem[] {
  return [...problemsOf(task, place), ...undoProblems(task, place), ...hookProblems(task, place)];
}

function problemsOf(task: Task, place: Place): Problem[] {
  const { path, scope, defaults, library } = place;
  return [
    ...actionProblems(task, path),
    ...withProblems(task, place),
    ...loopProblems(task, `${path}.loop`, library),
    ...injectionProblems(task, path),
    ...podProblems(task, path, defaults),
    ...taskDurations(task, path),
    ...(scope === undefined ? [] : expressionProblems(task, path, scope)),
  ];
}

/** What undoes a task runs once for all of its items, and reads what they have handed on. */
function undoProblems({ name, undo }: Task, place: Place): Problem[] {
  if (undo === undefined) return [];
  const scope = place.scope && { ...place.scope, outputs: true };
  return problemsOf(sideTask(name, undo), { ...place, path: `${place.path}.undo`, scope });
}

function hookProblems(task: Task, place: Place): Problem[] {
  const { hooks = [], name } = task;
  const after = place.scope && withItself(place.scope, task, place.library);
  return [
    ...repeatedHooks(hooks, place.path),
    ...hooks.flatMap((hook, index) => {
      const scope = eventOf(hook) === 'Started' ? place.scope : after;
      return problemsOf(sideTask(name, hook), { ...place, path: `${place.path}.hooks[${index}]`, scope });
    }),
  ];
}

/** Hooks of the run. Those of its end are tasks of its end; that of its start reads no task. */
export function runHookProblems(hooks: readonly Hook[], place: Place, before: Scope): Problem[] {
  return [
    ...repeatedHooks(hooks, place.path),
    ...hooks.flatMap((hook, index) => {
      const scope = eventOf(hook) === 'Started' ? before : place.scope;
      return problemsOf(sideTask('hook', hook), { ...place, path: `${place.path}.hooks[${index}]`, scope });
    }),
  ];
}

function repeatedHooks(hooks: readonly Hook[], path: string): Problem[] {
  const unclear = hooks.flatMap(({ event, on }, index) => {
    if ((event === undefined) !== (on === undefined)) return [];
    const message = `a hook says when it runs by event, and by nothing besides; give it one of ${HOOK_EVENTS.join(', ')}`;
    return [{ path: `${path}.hooks[${index}].event`, message }];
  });
  if (unclear.length > 0) return unclear;
  return repeated(hooks.map(eventOf), (index) => `${path}.hooks[${index}].event`, 'the hook');
}

/** A hook or an undo as the task that it is run as. */
function sideTask(name: string, side: Undo | Hook): Task {
  return { ...sideOf(side), name };
}
