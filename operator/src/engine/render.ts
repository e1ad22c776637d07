import {
  type Json,
  type Parameter,
  parseDuration,
  type Rendered,
  type RenderedClaims,
  type RenderedTask,
  type Task,
  type TaskDefaults,
} from '../api/index.ts';
import { secretOf } from './coerce.ts';
import { type Bindings, evaluate, renderTemplate, renderText, textOf } from './expression/index.ts';
import { secretParameterIn } from './secret-parameters.ts';

const DEFAULT_MAX_AGE = '24h';

/**
 * The kubelet expands $(NAME) in environments and arguments, and takes $$ for $. What users write there keeps that
 * meaning; a value must arrive as it is, whoever wrote it, so every dollar of it is doubled.
 */
const forKubelet = (value: string): string => value.replaceAll('$', () => '$$');

/**
 * What an attempt is started with: every template of the task filled in.
 * @throws ExpressionError when a template cannot be evaluated
 */
export function renderTask(
  task: Task,
  defaults: TaskDefaults | undefined,
  bindings: Bindings,
  parameters: readonly Parameter[] = [],
): Rendered {
  const { http, workflow, resource } = task;
  if (http) {
    const headers = Object.entries(http.headers ?? {}).map(([name, text]) => [name, renderText(text, bindings)]);
    const body = http.body === undefined ? undefined : renderText(http.body, bindings);
    return { sort: 'Http', url: renderText(http.url, bindings), headers: Object.fromEntries(headers), body };
  }
  if (workflow) {
    const parameters = Object.entries(task.with ?? {}).map(([name, text]) => ({
      name,
      value: renderText(text, bindings),
    }));
    return { sort: 'Child', workflow: workflow.name, parameters };
  }
  if (resource) {
    return {
      sort: 'Resource',
      manifest: renderValue(resource.manifest as Json, bindings) as { [field: string]: Json },
    };
  }
  return renderPod(task, defaults, bindings, parameters);
}

function renderPod(
  task: Task,
  defaults: TaskDefaults | undefined,
  bindings: Bindings,
  parameters: readonly Parameter[],
): RenderedTask {
  const texts = (list: readonly string[] | undefined) => list?.map((text) => renderText(text, bindings, forKubelet));
  const all = Object.entries({ ...defaults?.env, ...task.env });
  const secretEnv = Object.fromEntries(all.flatMap(([name, text]) => secretIn(name, text, bindings, parameters)));
  const env = all.filter(([name]) => !Object.hasOwn(secretEnv, name));
  return {
    sort: 'Pod',
    image: renderText(task.container?.image ?? task.image ?? defaults?.image ?? '', bindings),
    env: Object.fromEntries(env.map(([name, text]) => [name, renderText(text, bindings, forKubelet)])),
    command: texts(task.container?.command),
    args: texts(task.container?.args),
    script: task.run,
    ...(Object.keys(secretEnv).length > 0 ? { secretEnv } : {}),
  };
}

/**
 * A variable that is a parameter of the type Secret and nothing else. Whether it is one is a matter of the definition
 * alone: no value that a task hands on can lead to a Secret.
 */
function secretIn(
  variable: string,
  text: string,
  { params }: Bindings,
  parameters: readonly Parameter[],
): [string, { name: string; key: string }][] {
  const name = secretParameterIn(text, parameters);
  const secret = name === undefined ? undefined : secretOf(params[name]);
  return secret ? [[variable, secret]] : [];
}

/** A value of JSON with the templates in its texts filled in; a text that is one template keeps the type of its value. */
function renderValue(value: Json, bindings: Bindings): Json {
  if (typeof value === 'string') return renderTemplate(value, bindings);
  if (Array.isArray(value)) return value.map((each) => renderValue(each, bindings));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, renderValue(each, bindings)]));
}

/**
 * What an attempt asks for before it is run, if anything.
 * @throws ExpressionError when an expression cannot be evaluated
 */
export function renderClaims(task: Task, bindings: Bindings): RenderedClaims | undefined {
  const { semaphores, workflow } = task;
  // A run of another Workflow may ask people, so it is never cached; definitions of before may still say so.
  const cache = workflow ? undefined : task.cache;
  if (!cache && !semaphores) return undefined;
  const permits = semaphores?.map(({ name, permits: count = 1, shareBy }) => ({
    semaphore: name,
    permits: count,
    share: shareBy === undefined ? '' : textOf(evaluate(shareBy, bindings)),
  }));
  return {
    ...(cache
      ? { cache: { key: renderText(cache.key, bindings), maxAgeMs: parseDuration(cache.maxAge ?? DEFAULT_MAX_AGE) } }
      : {}),
    ...(permits ? { permits } : {}),
  };
}
