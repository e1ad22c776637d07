import type { Json, RenderedTask, Task, TaskDefaults } from '../api/index.ts';
import { type Bindings, renderTemplate } from './expression/index.ts';

/** A value as text in an environment or an argument: composites as JSON, null as nothing. */
function asText(value: Json): string {
  if (value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const renderText = (text: string, bindings: Bindings): string => asText(renderTemplate(text, bindings));

/**
 * What an attempt is started with: every template of the task filled in.
 * @throws ExpressionError when a template cannot be evaluated
 */
export function renderTask(task: Task, defaults: TaskDefaults | undefined, bindings: Bindings): RenderedTask {
  const texts = (list: readonly string[] | undefined) => list?.map((text) => renderText(text, bindings));
  const env = Object.entries({ ...defaults?.env, ...task.env });
  return {
    image: renderText(task.container?.image ?? task.image ?? defaults?.image ?? '', bindings),
    env: Object.fromEntries(env.map(([name, text]) => [name, renderText(text, bindings)])),
    command: texts(task.container?.command),
    args: texts(task.container?.args),
    script: task.run,
  };
}
