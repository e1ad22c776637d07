import type { Rendered, Task, TaskDefaults } from '../../api/index.ts';
import type { StartRequest } from '../executor.ts';
import { sha256Of } from '../sha256.ts';

/** What the digest is over; another number makes all results of before unknown. */
const VERSION = 2;

/** Says where a task stands, and when and how often it is tried: nothing of what an attempt makes. */
const NOT_MADE_BY: ReadonlySet<string> = new Set<keyof Task | keyof TaskDefaults>([
  ...(['name', 'description', 'needs', 'runIf', 'when', 'onFailure', 'hooks', 'undo'] as const),
  ...(['forEach', 'loop', 'retry', 'timeout', 'attemptTimeout', 'pendingTimeout', 'cache', 'semaphores'] as const),
]);

/**
 * What a result is found by: the key, and all that the attempt is made from as far as the definition says. A result of
 * another script, image, variable or service account is another one, whatever the key says.
 */
export function digestOfResult(key: string, { task, defaults, rendered }: Made): string {
  const made = [VERSION, key, madeBy(task), madeBy(defaults), withoutNodes(rendered)];
  return sha256Of(JSON.stringify(made));
}

type Made = Pick<StartRequest, 'task' | 'defaults' | 'rendered'>;

const madeBy = (fields: object = {}): [string, unknown][] =>
  Object.entries(fields)
    .filter(([name]) => !NOT_MADE_BY.has(name))
    .sort(([one], [other]) => (one < other ? -1 : 1));

/** Where an attempt does not run makes no other result. */
function withoutNodes(rendered: Rendered): Rendered {
  if (rendered.backend !== 'Pod') return rendered;
  const { avoidNodes: _nodes, ...made } = rendered;
  return made;
}
