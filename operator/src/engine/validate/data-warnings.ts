import type { Task, TaskDefaults } from '../../api/index.ts';
import { MAX_READ_BYTES } from '../bindings/placed-data.ts';
import { taskReferences } from '../expression/index.ts';
import { sourcesOf } from '../plan/sources.ts';
import { countOf } from '../values/items.ts';
import type { Warned, Warning } from './warning.ts';

/** An item that may hand on this much needs no warning: few outputs are larger. */
const AMPLE_BYTES = 1024;

/**
 * Fan-outs with so many items that a task which reads all their outputs leaves little room for each. How much an item
 * hands on is known only when it runs; the limit is known before.
 */
export function dataWarnings({ spec }: Warned): Warning[] {
  const { tasks, finally: last = [], defaults, templates = [] } = { finally: undefined, templates: undefined, ...spec };
  return [
    ...warningsIn([...tasks, ...last], tasks, 'spec.tasks', defaults),
    ...templates.flatMap((body, index) =>
      warningsIn(body.tasks, body.tasks, `spec.templates[${index}].tasks`, body.defaults),
    ),
  ];
}

function warningsIn(
  readers: readonly Task[],
  tasks: readonly Task[],
  path: string,
  defaults: TaskDefaults | undefined,
): Warning[] {
  return tasks.flatMap((task, index) => {
    const count = task.outputs === undefined ? 0 : (task.forEach && countOf(task.forEach)) || 0;
    const bytes = count === 0 ? AMPLE_BYTES : Math.floor(MAX_READ_BYTES / count);
    const reader = bytes < AMPLE_BYTES && readers.find((each) => reads(each, task.name, defaults));
    if (!reader) return [];
    const message = `task ${reader.name} reads the outputs of ${count} items, at most ${MAX_READ_BYTES} bytes together: ${bytes} bytes per item on average; output less, or references`;
    return [{ path: `${path}[${index}].outputs`, message }];
  });
}

const reads = (reader: Task, name: string, defaults: TaskDefaults | undefined): boolean =>
  sourcesOf(reader, defaults).some((source) => taskReferences(source).has(name));
