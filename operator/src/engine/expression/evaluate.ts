import { absentOutput } from './absent-output.ts';
import { type Compiled, compile, findingOf } from './compile.ts';
import { type CelValue, fromCel, toCel } from './convert.ts';
import { costFinding } from './cost.ts';
import { ExpressionError, type Finding, sentence } from './problem.ts';
import type { Bindings, Json, ScopeType } from './scope.ts';
import { SITUATIONAL } from './scope.ts';
import { sizeOf } from './size.ts';

/**
 * The value of an expression. Depends on the source and the bindings alone, and takes at most MAX_STEPS.
 * @throws ExpressionError when it has none: a missing key, types that do not fit, too many steps, too large a result
 */
export function evaluate(source: string, bindings: Bindings): Json {
  const compilation = compile(source);
  if ('findings' in compilation) throw failure(source, compilation.findings[0]);
  const { compiled } = compilation;
  const context: Record<string, CelValue> = {};
  try {
    fill(context, compiled, bindings);
    const expensive = compiled.costly ? costFinding(compiled.tree, sizesOf(context)) : undefined;
    if (expensive !== undefined) throw failure(source, expensive);
    return fromCel(withoutTraces(() => compiled.run(context)));
  } catch (error) {
    if (error instanceof ExpressionError) throw error;
    throw failure(source, absentOutput(findingOf(error), compiled.references, bindings));
  } finally {
    // The compiled expression is cached, and keeps its last context: do not let it keep a run's values.
    for (const name of Object.keys(context)) delete context[name];
  }
}

/**
 * The value of an expression that must be true or false.
 * @throws ExpressionError also when it is neither
 */
export function evaluateBoolean(source: string, bindings: Bindings): boolean {
  const value = evaluate(source, bindings);
  if (typeof value === 'boolean') return value;
  throw failure(source, { message: 'the expression yields neither true nor false', offset: 0 });
}

/**
 * Errors inside `exists`, `all`, `||` and `&&` are values to CEL, and may be many; most of their price is the trace of
 * the stack, which nobody reads.
 */
function withoutTraces(run: () => unknown): unknown {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return run();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

function failure(source: string, finding: Finding | undefined): ExpressionError {
  return new ExpressionError(sentence(source, finding ?? { message: 'the expression is invalid', offset: 0 }));
}

/** Converts what the expression reads, and nothing else: a run may have hundreds of tasks with outputs. */
function fill(context: Record<string, CelValue>, compiled: Compiled, bindings: Bindings): void {
  const names = new Set(compiled.references.map(({ root }) => root));
  if (names.has('params')) context.params = parameters(compiled, bindings);
  if (names.has('tasks')) context.tasks = tasks(compiled, bindings);
  if (names.has('run')) context.run = toCel(defined(bindings.run));
  for (const name of Object.keys(SITUATIONAL) as (keyof Bindings & keyof typeof SITUATIONAL)[]) {
    const value = bindings[name] as Json | undefined;
    if (names.has(name) && value !== undefined) context[name] = situational(name, value, bindings);
  }
}

function situational(name: string, value: Json, { types }: Bindings): CelValue {
  return name === 'self' ? typed(value, types?.self) : toCel(value);
}

function sizesOf(context: Readonly<Record<string, CelValue>>): Map<string, ReturnType<typeof sizeOf>> {
  // Three levels of names: tasks, their outputs, and those by name.
  return new Map(Object.entries(context).map(([name, value]) => [name, sizeOf(value, 3)]));
}

function parameters(compiled: Compiled, { params, types }: Bindings): CelValue {
  return new Map(
    read(compiled, 'params', params).map((name) => [name, typed(params[name] as Json, types?.parameters[name])]),
  );
}

function tasks(compiled: Compiled, bindings: Bindings): CelValue {
  return new Map(
    read(compiled, 'tasks', bindings.tasks).map((name) => {
      const task = bindings.tasks[name];
      const outputs = taskOutputs(task?.outputs ?? {}, bindings.types?.tasks[name]?.outputs);
      return [
        name,
        new Map<string, CelValue>([
          ['outputs', outputs],
          ['status', task?.status ?? ''],
        ]),
      ];
    }),
  );
}

/** Outputs of a task, or the list of them of a fanned-out one. */
function taskOutputs(outputs: Json, types: Readonly<Record<string, ScopeType>> | undefined): CelValue {
  if (types === undefined || outputs === null || typeof outputs !== 'object') return toCel(outputs);
  if (Array.isArray(outputs)) return outputs.map((item) => taskOutputs(item, types));
  return new Map(Object.entries(outputs).map(([name, value]) => [name, typed(value, types[name])]));
}

function typed(value: Json, type: ScopeType | undefined): CelValue {
  return toCel(value, { wholeNumbersAreDoubles: type === 'Number' });
}

/** The keys that the expression reads of `params` or `tasks`; all of them where it does not name one. */
function read(compiled: Compiled, root: string, values: Readonly<Record<string, unknown>>): string[] {
  const names = compiled.references.filter((reference) => reference.root === root).map(({ path }) => path[0]?.name);
  const wanted = names.includes(undefined) ? Object.keys(values) : (names as string[]);
  return [...new Set(wanted)].filter((name) => Object.hasOwn(values, name) && values[name] !== undefined);
}

function defined(fields: Readonly<Record<string, Json | undefined>>): Json {
  return Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, Json] => entry[1] !== undefined));
}
