import type { Environment } from '@marcbachmann/cel-js';
import { BoundedCache } from './cache.ts';
import { type Compiled, compile, findingOf, parseIn } from './compile.ts';
import { costFinding, type Sizes } from './cost.ts';
import { environmentFor, shapeOf } from './environment.ts';
import { nameFindings } from './names.ts';
import { type ExpressionProblem, type Finding, problemAt, textOfWords } from './problem.ts';
import { ENDED_FIELDS, RUN_FIELDS, type Scope, SITUATIONAL } from './scope.ts';
import { ASSUMED_ANY, ASSUMED_TEXT, assumedSize, fieldsSize, handedOnSize, type Size, textSize, UNIT } from './size.ts';
import { spend } from './work.ts';

/** What an expression must yield: one of these types, items (a List, or an Object of them), or anything that JSON can hold. */
export type Expected = 'Boolean' | 'String' | 'List' | 'Items' | 'Any';

/**
 * Checks an expression without values: syntax, names, ancestry, types, cost. Never throws; an empty list means that
 * an evaluation can fail only by what the values are (a missing key, a division by zero, a list far longer than assumed).
 */
export function checkExpression(source: string, scope: Scope, expected: Expected = 'Any'): ExpressionProblem[] {
  return expressionFindings(source, scope, expected).map((finding) => problemAt(source, finding));
}

/** Work of each node of an expression. */
const NODE = 3;
/** Work of an environment for the tasks that an expression reads, and of each of their outputs. */
const ENVIRONMENT = 150;
const OUTPUT = 1;

/** As checkExpression, before the findings are placed in their text. */
export function expressionFindings(source: string, scope: Scope, expected: Expected): readonly Finding[] {
  const compilation = compile(source);
  if ('findings' in compilation) return compilation.findings;
  const { compiled } = compilation;
  spend(compiled.nodes * NODE);
  const names = nameFindings(compiled.references, scope);
  if (names.length > 0) return names;
  const types = typeFinding(compiled, scope, expected);
  if (types !== undefined) return [types];
  const cost = compiled.costly ? costFinding(compiled.tree, assumedSizes(compiled, scope)) : undefined;
  return cost === undefined ? [] : [cost];
}

const environments = new BoundedCache<Environment>(256, 256);

function typeFinding(compiled: Compiled, scope: Scope, expected: Expected): Finding | undefined {
  const shape = shapeOf(compiled.references, scope);
  // Also where there is one already: what counts is the definition, not what was judged before it.
  if (shape.tasks.length > 0) {
    spend(shape.tasks.reduce((all, [, { outputs }]) => all + OUTPUT * Object.keys(outputs).length, ENVIRONMENT));
  }
  const environment = environments.getOrAdd(
    JSON.stringify(shape),
    () => environmentFor(shape),
    () => 1,
  );
  try {
    const checked = parseIn(environment, compiled.source).check();
    if (!checked.valid) return hinted(findingOf(checked.error));
    return expectation(checked.type ?? 'dyn', expected);
  } catch (error) {
    return findingOf(error);
  }
}

const CONVERTIBLE: ReadonlySet<string | undefined> = new Set(['string', 'int', 'uint', 'double', 'bool']);

function hinted(finding: Finding): Finding {
  const message = textOfWords(finding.message);
  const sides = /^no such overload: (\w+) \S+ (\w+)$/.exec(message);
  const [, left, right] = sides ?? [];
  if (left === right || !CONVERTIBLE.has(left) || !CONVERTIBLE.has(right)) return finding;
  return { ...finding, message: `${message}; convert one side, with string(...), int(...) or double(...)` };
}

function expectation(type: string, expected: Expected): Finding | undefined {
  if (expected === 'Any' || type === 'dyn') return undefined;
  const actual = valueTypeOf(type);
  if (actual === expected || (expected === 'Items' && ['List', 'Object'].includes(actual))) return undefined;
  const wanted = expected === 'Items' ? 'List or Object' : expected;
  return { message: `the expression must yield a ${wanted}, but yields a ${actual}`, offset: 0 };
}

function valueTypeOf(type: string): string {
  const names: Record<string, string> = {
    string: 'String',
    int: 'Integer',
    uint: 'Integer',
    double: 'Number',
    bool: 'Boolean',
  };
  if (type.startsWith('list')) return 'List';
  if (type.startsWith('map') || type.startsWith('Ado')) return 'Object';
  return names[type] ?? type;
}

function assumedSizes(compiled: Compiled, scope: Scope): Sizes {
  const sizes = new Map<string, Size>([
    ['params', sizeOfParameters(scope.parameters)],
    ['run', fieldsSize(assumedRun())],
    ['tasks', fieldsSize(assumedTasks(compiled, scope))],
  ]);
  for (const [name, { type }] of Object.entries(SITUATIONAL)) sizes.set(name, situationalSize(type));
  if (scope.self !== undefined) sizes.set('self', assumedSize(scope.self));
  if (scope.state !== undefined) sizes.set('state', fieldsSize(assumedFields(anyFields(scope.state))));
  return sizes;
}

const anyFields = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 'Any' as const]));

function assumedRun(): Map<string, Size> {
  const fields = Object.keys(RUN_FIELDS).map((field) => [field, textSize(ASSUMED_TEXT)] as const);
  const ended = Object.entries(ENDED_FIELDS).map(([field, type]) => [field, situationalSize(type)] as const);
  return new Map([...fields, ...ended]);
}

function situationalSize(type: string): Size {
  if (type === 'string') return textSize(1024);
  return type === 'int' ? UNIT : ASSUMED_ANY;
}

function assumedTasks(compiled: Compiled, scope: Scope): Map<string, Size> {
  const tasks = new Map<string, Size>();
  for (const { root, path } of compiled.references) {
    const name = path[0]?.name;
    const task = name === undefined ? undefined : scope.tasks[name];
    if (root !== 'tasks' || name === undefined || task === undefined) continue;
    const one = task.any === true ? ASSUMED_ANY : fieldsSize(assumedFields(task.outputs));
    // What was generated hands on what all of its tasks do.
    const outputs = task.any === true && !task.fannedOut ? one : handedOnSize(one, task.fannedOut, task.items);
    tasks.set(
      name,
      fieldsSize(
        new Map([
          ['outputs', outputs],
          ['status', textSize(16)],
        ]),
      ),
    );
  }
  return tasks;
}

const sizesOfParameters = new WeakMap<Scope['parameters'], Size>();

/** Of every expression of a scope the same. */
function sizeOfParameters(parameters: Scope['parameters']): Size {
  const found = sizesOfParameters.get(parameters) ?? fieldsSize(assumedFields(parameters));
  sizesOfParameters.set(parameters, found);
  return found;
}

function assumedFields(types: Scope['parameters']): Map<string, Size> {
  return new Map(Object.entries(types).map(([name, type]) => [name, assumedSize(type)]));
}
