import type { RenderedTask, Task, TaskDefaults } from '../api/index.ts';
import { type Bindings, renderText } from './expression/index.ts';

/**
 * The kubelet expands $(NAME) in environments and arguments, and takes $$ for $. What users write there keeps that
 * meaning; a value must arrive as it is, whoever wrote it, so every dollar of it is doubled.
 */
const forKubelet = (value: string): string => value.replaceAll('$', () => '$$');

/**
 * What an attempt is started with: every template of the task filled in.
 * @throws ExpressionError when a template cannot be evaluated
 */
export function renderTask(task: Task, defaults: TaskDefaults | undefined, bindings: Bindings): RenderedTask {
  const texts = (list: readonly string[] | undefined) => list?.map((text) => renderText(text, bindings, forKubelet));
  const env = Object.entries({ ...defaults?.env, ...task.env });
  return {
    image: renderText(task.container?.image ?? task.image ?? defaults?.image ?? '', bindings),
    env: Object.fromEntries(env.map(([name, text]) => [name, renderText(text, bindings, forKubelet)])),
    command: texts(task.container?.command),
    args: texts(task.container?.args),
    script: task.run,
  };
}
