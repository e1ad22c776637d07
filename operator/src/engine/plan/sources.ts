import type { Task, TaskDefaults } from '../../api/index.ts';

/** Every text of a task in which CEL may stand, that of its defaults included: what it may read is in these. */
export function sourcesOf(task: Task, defaults: TaskDefaults | undefined): string[] {
  const { command = [], args = [], image } = task.container ?? {};
  const texts = [
    task.when,
    (task.retry ?? defaults?.retry)?.when,
    task.image,
    defaults?.image,
    image,
    ...Object.values({ ...defaults?.env, ...task.env }),
    ...command,
    ...args,
    ...sourcesOfItems(task),
    ...sourcesOfLoop(task),
    ...sourcesOfAction(task),
    task.cache?.key,
    ...(task.semaphores ?? []).map(({ shareBy }) => shareBy),
  ];
  return texts.filter((text) => text !== undefined);
}

const sourcesOfItems = ({ forEach }: Task) => [forEach?.itemsFrom, forEach?.key];

function sourcesOfLoop({ loop }: Task): (string | undefined)[] {
  if (!loop) return [];
  return [...Object.values(loop.state ?? {}), ...Object.values(loop.next ?? {}), loop.while, loop.until];
}

function sourcesOfAction(task: Task): (string | undefined)[] {
  const { http, sleep, resource, compute, generate } = task;
  return [
    ...Object.values(task.with ?? {}),
    sleep?.duration,
    sleep?.until,
    http?.url,
    http?.body,
    ...Object.values(http?.headers ?? {}),
    ...(resource ? textsIn(resource.manifest) : []),
    ...Object.values(compute ?? {}),
    generate?.tasks,
    task.approval?.message,
  ];
}

/** Every text in a value of JSON. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap(textsIn);
}
