import type { Task } from '../../api/index.ts';
import { suggestion } from '../expression/index.ts';
import { type Library, visibleTask } from '../plan/visible.ts';
import { fieldPath, type Problem, reserved } from './problem.ts';

/** Whether a loop can end, and whether its state is declared. Its expressions are judged with all others. */
export function loopProblems(task: Task, path: string, library: Library): Problem[] {
  const { loop, ...once } = task;
  if (loop === undefined) return [];
  const fields = Object.keys(loop.state ?? {});
  const endless = loop.while === undefined && loop.until === undefined;
  const { outputs } = visibleTask(once, library);
  const strangers = Object.keys(loop.next ?? {}).filter((name) => !fields.includes(name));
  const both = fields.filter((name) => Object.hasOwn(outputs, name));
  return [
    ...(endless ? [{ path, message: 'a loop needs an end condition; set while, until or both' }] : []),
    ...reserved(fields, (index) => fieldPath(`${path}.state`, fields[index] ?? ''), 'a field of the state'),
    ...both.map((name) => ({
      path: fieldPath(`${path}.state`, name),
      message: `"${name}" is also an output of the task; rename one`,
    })),
    ...strangers.map((name) => ({
      path: fieldPath(`${path}.next`, name),
      message: () =>
        `next sets "${name}", which has no initial value; declare it in state${suggestion(name, fields, 'field of state')}`,
    })),
  ];
}
