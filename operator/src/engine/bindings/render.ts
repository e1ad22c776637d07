import {
  type Json,
  type Parameter,
  parseDuration,
  type Rendered,
  type RenderedClaims,
  type RenderedTask,
  type Task,
  type TaskDefaults,
} from '../../api/index.ts';
import {
  type Bindings,
  evaluate,
  inField,
  renderTemplate,
  renderText,
  textOf,
  withoutEscapes,
} from '../expression/index.ts';
import { secretOf } from '../values/coerce.ts';
import { secretParameterIn } from '../values/secret-parameters.ts';

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
    const text = (field: string, source: string) => inField(`http.${field}`, () => renderText(source, bindings));
    const headers = Object.entries(http.headers ?? {}).map(([name, value]) => [name, text(`headers.${name}`, value)]);
    const body = http.body === undefined ? undefined : text('body', http.body);
    return { backend: 'Http', url: text('url', http.url), headers: Object.fromEntries(headers), body };
  }
  if (workflow) {
    const parameters = Object.entries(task.with ?? {}).map(([name, text]) => ({
      name,
      value: inField(`with.${name}`, () => renderText(text, bindings)),
    }));
    return { backend: 'Child', workflow: workflow.name, parameters };
  }
  if (resource) {
    return {
      backend: 'Resource',
      manifest: renderValue(resource.manifest as Json, bindings, 'resource.manifest') as { [field: string]: Json },
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
  const text = (field: string, source: string, quote?: typeof forKubelet) =>
    inField(field, () => renderText(source, bindings, quote));
  const texts = (field: string, list: readonly string[] | undefined) =>
    list?.map((each, index) => text(`container.${field}[${index}]`, each, forKubelet));
  const all = Object.entries({ ...defaults?.env, ...task.env });
  const secretEnv = Object.fromEntries(all.flatMap(([name, text]) => secretIn(name, text, bindings, parameters)));
  const env = all.filter(([name]) => !Object.hasOwn(secretEnv, name));
  return {
    backend: 'Pod',
    image: text('image', task.container?.image ?? task.image ?? defaults?.image ?? ''),
    env: Object.fromEntries(env.map(([name, value]) => [name, text(`env.${name}`, value, forKubelet)])),
    command: texts('command', task.container?.command),
    args: texts('args', task.container?.args),
    script: task.run === undefined ? undefined : withoutEscapes(task.run),
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
function renderValue(value: Json, bindings: Bindings, field: string): Json {
  if (typeof value === 'string') return inField(field, () => renderTemplate(value, bindings));
  if (Array.isArray(value)) return value.map((each, index) => renderValue(each, bindings, `${field}[${index}]`));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, renderValue(each, bindings, `${field}.${key}`)]),
  );
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
    share: shareBy === undefined ? '' : inField('semaphores', () => textOf(evaluate(shareBy, bindings))),
  }));
  return {
    ...(cache
      ? {
          cache: {
            key: inField('cache.key', () => renderText(cache.key, bindings)),
            maxAgeMs: parseDuration(cache.maxAge ?? DEFAULT_MAX_AGE),
          },
        }
      : {}),
    ...(permits ? { permits } : {}),
  };
}
