import { ACTIONS, type Action, podSurface, type Task } from '../../api/index.ts';
import { suggestion } from '../expression/index.ts';
import { forEachProblems } from './for-each.ts';
import { httpProblems } from './http.ts';
import { type Problem, repeated, reserved } from './problem.ts';
import { resourceProblems } from './resource.ts';
import { approvalProblems, waitProblems } from './signal.ts';

/** What a task does, and whether what it says besides has a meaning for that. */
export function actionProblems(task: Task, path: string): Problem[] {
  const actions = ACTIONS.filter((action) => task[action] !== undefined);
  const [action] = actions;
  if (action === undefined || actions.length > 1) {
    const found = actions.length > 1 ? `, and keep one of ${actions.join(', ')}` : '';
    return [{ path, message: `a task does exactly one thing; give it one of ${ACTIONS.join(', ')}${found}` }];
  }
  const names = (task.outputs ?? []).map(({ name }) => name);
  const outputPath = (index: number) => `${path}.outputs[${index}].name`;
  return [
    ...forEachProblems(task.forEach, `${path}.forEach`),
    ...repeated(names, outputPath, 'output'),
    ...reserved(names, outputPath, 'an output'),
    ...outputProblems(task, action, path),
    ...meaningless(task, action, path),
    ...computeProblems(task.compute, path),
    ...sleepProblems(task.sleep, `${path}.sleep`),
    ...httpProblems(task.http, `${path}.http`),
    ...resourceProblems(task.resource, `${path}.resource`),
    ...approvalProblems(task.approval, `${path}.approval`),
    ...waitProblems(task.waitForSignal, `${path}.waitForSignal`),
  ];
}

/** The outputs that an action has by itself; nothing for those whose outputs are what the task declares. */
const OWN_OUTPUTS: Readonly<Partial<Record<Action, (task: Task) => readonly string[]>>> = {
  template: () => [],
  sleep: () => [],
  generate: () => [],
  http: () => ['status', 'body', 'json', 'truncated'],
  workflow: () => ['run', 'status'],
  compute: ({ compute }) => Object.keys(compute ?? {}),
  resource: ({ resource }) => Object.keys(resource?.outputs ?? {}),
  approval: () => [],
  waitForSignal: () => [],
};

const WHERE_DECLARED: Readonly<Partial<Record<Action, string>>> = {
  template: 'the outputs of a template are declared in the template',
  sleep: 'a sleep has no outputs',
  generate: 'generated tasks hold their outputs under the name of each task',
  approval: 'the values of an approval are declared in its form',
  waitForSignal: 'the values of a signal are declared in waitForSignal.values',
};

function outputProblems(task: Task, action: Action, path: string): Problem[] {
  const own = OWN_OUTPUTS[action]?.(task);
  if (own === undefined) return [];
  return (task.outputs ?? []).flatMap(({ name }, index) => {
    if (own.includes(name)) return [];
    const why = () => WHERE_DECLARED[action] ?? `${action} has no output "${name}"${suggestion(name, own, 'output')}`;
    return [{ path: `${path}.outputs[${index}].name`, message: () => `${why()}; remove "${name}"` }];
  });
}

/** Fields of one attempt, on tasks that have none of their own. */
const OF_ATTEMPT = [
  'cache',
  'semaphores',
  'attemptTimeout',
  'pendingTimeout',
] as const satisfies readonly (keyof Task)[];
const WITHOUT_ATTEMPT: readonly Action[] = ['template', 'sleep', 'compute', 'generate', 'approval', 'waitForSignal'];
const OF_PEOPLE: readonly Action[] = ['approval', 'waitForSignal'];
const OF_POD = [...Object.keys(podSurface), 'shell', 'failureMessage'] as readonly (keyof Task)[];
const WITHOUT_POD: readonly Action[] = [...WITHOUT_ATTEMPT, 'workflow'];

const article = (action: Action) => `${action === 'approval' ? 'an' : 'a'} ${action}`;

function meaningless(task: Task, action: Action, path: string): Problem[] {
  const remedy = action === 'template' ? 'put it on the tasks of the template' : 'remove it';
  const refuse = (fields: readonly (keyof Task)[], what: string) =>
    fields
      .filter((field) => task[field] !== undefined)
      .map((field) => ({ path: `${path}.${field}`, message: `a task that is ${article(action)} ${what}; ${remedy}` }));
  return [
    ...(action === 'template' ? refuse(['retry'], 'is not retried as a whole') : []),
    ...(OF_PEOPLE.includes(action) ? refuse(['retry'], 'is asked once') : []),
    ...(action === 'workflow' ? refuse(['cache'], 'cannot be cached: its run may ask for approvals') : []),
    ...(WITHOUT_ATTEMPT.includes(action) ? refuse(OF_ATTEMPT, 'has no attempt of its own') : []),
    ...(WITHOUT_POD.includes(action) ? refuse(OF_POD, 'has no pod of its own') : []),
  ];
}

function computeProblems(compute: Task['compute'], path: string): Problem[] {
  if (compute === undefined) return [];
  const names = Object.keys(compute);
  if (names.length === 0) return [{ path: `${path}.compute`, message: 'compute is empty; add a value' }];
  return reserved(names, (index) => `${path}.compute.${names[index]}`, 'an output');
}

const RFC3339 =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

function sleepProblems(sleep: Task['sleep'], path: string): Problem[] {
  if (sleep === undefined) return [];
  if ((sleep.duration === undefined) === (sleep.until === undefined)) {
    return [{ path, message: 'a sleep takes either duration or until; set exactly one' }];
  }
  const { until } = sleep;
  if (until === undefined || until.includes('${{') || RFC3339.test(until)) return [];
  const message = `"${until.slice(0, 40)}" is not a valid time; write it with a zone, like 2030-01-31T08:00:00Z`;
  return [{ path: `${path}.until`, message }];
}
