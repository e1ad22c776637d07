import { spend } from '../expression/index.ts';
import { fieldPath, type Problem } from './problem.ts';

/**
 * What `${{` is in a text. Template: it is evaluated. Expression: the text is CEL as it stands. Script: a value has no place in
 * it, and `$${{` is the way to write the characters. Prose: it is for people, and shown as it is.
 */
type Reading = 'Template' | 'Expression' | 'Script' | 'Prose';

/** How the texts below a field are read. `*` is any entry of a list or map, `**` all texts below; what is not named is literal. */
export interface Fields {
  readonly [field: string]: Reading | Literal | Fields;
}

/** A text that is taken as it stands, and what to do for one who wants a value there. */
interface Literal {
  readonly literally: string;
}

const NAMED = { literally: 'write the name here and choose between tasks with when' };
const VALUE = { literally: 'write the value itself, or compute it in a task' };
const ITEM = { literally: 'compute the items with forEach.itemsFrom, which is CEL' };
const PARAMETER: Fields = { description: 'Prose', default: { '**': VALUE }, enum: { '**': VALUE } };
const TEXTS: Fields = { '*': 'Template' };
const EXPRESSIONS: Fields = { '*': 'Expression' };

/** Tasks, hooks, undo and defaults; none of them has all of these. */
const ACTING: Fields = {
  description: 'Prose',
  when: 'Expression',
  forEach: {
    itemsFrom: 'Expression',
    key: 'Expression',
    items: { '**': ITEM },
    matrix: { '**': ITEM },
  },
  loop: { state: EXPRESSIONS, while: 'Expression', next: EXPRESSIONS, until: 'Expression' },
  run: 'Script',
  shell: { '*': 'Script' },
  image: 'Template',
  env: TEXTS,
  container: { image: 'Template', command: TEXTS, args: TEXTS },
  template: { name: NAMED, version: NAMED },
  workflow: { name: NAMED },
  with: TEXTS,
  sleep: { duration: 'Template', until: 'Template' },
  http: { url: 'Template', headers: TEXTS, body: 'Template' },
  resource: {
    manifest: { '**': 'Template' },
    successWhen: 'Expression',
    failWhen: 'Expression',
    outputs: EXPRESSIONS,
  },
  compute: EXPRESSIONS,
  generate: { tasks: 'Expression' },
  approval: { message: 'Template', form: { '*': PARAMETER } },
  waitForSignal: { values: { '*': PARAMETER } },
  outputs: { '*': { description: 'Prose' } },
  cache: { key: 'Template' },
  semaphores: {
    '*': { name: { literally: 'name the Semaphore; to take turns by a value, use shareBy' }, shareBy: 'Expression' },
  },
  retry: { when: 'Expression' },
};

const TASK: Fields = { ...ACTING, hooks: { '*': ACTING }, undo: ACTING };

const TEMPLATE: Fields = {
  description: 'Prose',
  parameters: { '*': PARAMETER },
  defaults: ACTING,
  tasks: { '*': TASK },
  outputs: { '*': { description: 'Prose', value: 'Expression' } },
};

/** The one table of texts in the spec of a Workflow or template. */
export const SPEC_TEXTS: Fields = {
  ...TEMPLATE,
  finally: { '*': TASK },
  hooks: { '*': ACTING },
  templates: { '*': TEMPLATE },
  continueAsNew: { when: 'Expression', with: TEXTS },
  concurrency: { key: 'Expression' },
  triggers: {
    webhooks: { '*': { filter: 'Expression', idempotencyKey: 'Expression', with: TEXTS } },
    completions: { '*': { when: 'Expression', with: TEXTS } },
    schedules: { '*': { with: TEXTS } },
  },
};

const DEFAULT_REMEDY = 'it is for env, image, command, args, with and the other fields that say so';
const MAX_DEPTH = 64;
/** Characters of a text that are looked through for one unit of work. */
const SCANNED = 50;

/**
 * Every text, and every name of a field, in which `${{` would be taken as it stands without anybody meaning it. `fields` says
 * how the texts below `value` are read.
 */
export function literalProblems(value: unknown, path: string, fields: Fields = SPEC_TEXTS): Problem[] {
  return walk(value, path, fields, 0);
}

function walk(value: unknown, path: string, fields: Fields[string] | undefined, depth: number): Problem[] {
  if (typeof value === 'string') return textProblems(value, path, fields);
  if (value === null || typeof value !== 'object' || depth === MAX_DEPTH) return [];
  if (Array.isArray(value)) {
    return value.flatMap((each, index) => walk(each, `${path}[${index}]`, below(fields, '*'), depth + 1));
  }
  return Object.entries(value).flatMap(([key, each]) => {
    const at = fieldPath(path, key);
    const name = key.includes(OPEN)
      ? [{ path: at, message: '${{ }} is not evaluated in field names; write the name itself' }]
      : [];
    return [...name, ...walk(each, at, below(fields, key), depth + 1)];
  });
}

const OPEN = '${{';

function textProblems(text: string, path: string, reading: Fields[string] | undefined): Problem[] {
  if (!text.includes(OPEN)) return [];
  spend(text.length / SCANNED);
  const own = typeof reading === 'object' && !isLiteral(reading) ? (reading['**'] ?? reading) : reading;
  if (typeof own === 'string') return [];
  const remedy = isLiteral(own) ? own.literally : DEFAULT_REMEDY;
  return [{ path, message: `\${{ }} is not evaluated in this field; ${remedy}` }];
}

function below(fields: Fields[string] | undefined, key: string): Fields[string] | undefined {
  if (fields === undefined || typeof fields === 'string' || isLiteral(fields)) return undefined;
  const all = fields['**'];
  if (all !== undefined) return { '**': all };
  return Object.hasOwn(fields, key) ? fields[key] : fields['*'];
}

const isLiteral = (fields: Fields[string] | undefined): fields is Literal =>
  typeof fields === 'object' && typeof (fields as Partial<Literal>).literally === 'string';
