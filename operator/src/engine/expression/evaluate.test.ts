import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkExpression } from './check.ts';
import { evaluate, evaluateBoolean } from './evaluate.ts';
import { ExpressionError } from './problem.ts';
import { bindings, scope } from './samples.ts';
import type { Json } from './scope.ts';

const fault = (source: string, over = {}): string => {
  try {
    evaluate(source, { ...bindings, ...over });
  } catch (error) {
    expect(error).toBeInstanceOf(ExpressionError);
    expect((error as ExpressionError).reason).toBe('ExpressionError');
    return (error as Error).message;
  }
  return '';
};

describe('evaluating an expression', () => {
  it.each<[string, Json]>([
    ['params.version', 'v1.2'],
    ['params.count + 1', 4],
    ['params.conf', { a: 1, b: { c: [1.5, 2] } }],
    ['params.conf.b.c[0] + params.conf.b.c[1]', 3.5],
    ['params', bindings.params as Json],
    ['params["version"] in ["v1.2"]', true],
    ['tasks.build.outputs.digest + "-" + tasks.build.status', 'abc-Succeeded'],
    ['tasks["unit-test"].outputs', [{ report: 'x', passed: 1 }, null, { report: 'z', passed: 3 }]],
    ['tasks["unit-test"].outputs.filter(o, o != null).map(o, o.passed)', [1, 3]],
    ['tasks.build.outputs.?missing.orValue("none")', 'none'],
    ['tasks.build.outputs.?missing', null],
    ['has(tasks.build.outputs.missing)', false],
    ['run.workflow + "/" + run.name', 'release/release-1'],
    ['{"a": [1, 2.5, "x", null, true]}', { a: [1, 2.5, 'x', null, true] }],
    ['params.version.matches("^v[0-9.]+$")', true],
    ['timestamp("2024-05-01T12:00:00+02:00") + duration("90s")', '2024-05-01T10:01:30.000Z'],
    ['duration("1h30m")', '5400s'],
    ['timestamp("2024-05-01T12:00:00Z").getHours()', 12],
    ['size("héllo") + size([1]) + size({"a": 1})', 7],
    ['5u', 5],
    ['-0.0', 0],
    ['params.flag ? "yes" : "no"', 'yes'],
    ['"a,b".split(",").map(x, x.upperAscii()).join("+")', 'A+B'],
  ])('%s', (source, value) => {
    expect(evaluate(source, bindings)).toEqual(value);
  });

  it('sees the item of a fan-out and the end of an attempt', () => {
    expect(evaluate('item.name + string(index)', { ...bindings, item: { name: 'x' }, index: 2 })).toBe('x2');
    const ended = { exitCode: 2, reason: 'ExitCode', message: 'm', attempt: 1 };
    expect(evaluateBoolean('exitCode != 2 || attempt == 1', { ...bindings, ...ended })).toBe(true);
    expect(evaluate('item == null', { ...bindings, item: null })).toBe(true);
  });

  it('treats a Number as a double also when its value is whole', () => {
    expect(evaluate('params.ratio / 4', bindings)).toBe(0.5);
    expect(evaluate('params.count / 4', bindings)).toBe(0);
  });

  it('fails on a missing key, and names it', () => {
    expect(fault('params.conf.missing')).toBe('No such key: missing (column 13 of: params.conf.missing)');
    expect(fault('tasks.build.outputs.missing')).toBe(
      'the task "build" is Succeeded and has no output "missing"; check has(tasks.build.outputs.missing) first, or read tasks.build.outputs.?missing.orValue(...) (column 21 of: tasks.build.outputs.missing)',
    );
    const skipped = { tasks: { 'roll-out': { outputs: {}, status: 'Skipped' } } };
    expect(fault('tasks["roll-out"].outputs["url"]', skipped)).toContain(
      'the task "roll-out" is Skipped and has no output "url"; check has(tasks["roll-out"].outputs.url) first',
    );
    expect(fault('tasks["unit-test"].outputs.map(o, o.report)')).toContain(
      'No such key: report; an entry of tasks["unit-test"].outputs lacks it, and is null where its item did not succeed; filter with tasks["unit-test"].outputs.filter(o, o != null && has(o.report))',
    );
    expect(fault('params.nothing')).toContain('nothing');
    expect(fault('params.tags[7]')).toContain('index out of bounds');
    expect(fault('item.x')).toContain('item');
    expect(fault('params.conf.constructor')).toContain('constructor');
    expect(fault('params.conf.toString')).toContain('toString');
  });

  it('fails on types that do not fit, in the words of the language', () => {
    expect(fault('params.conf.a + params.version')).toContain('no such overload: int + string');
    expect(fault('1 / 0')).toContain('division by zero');
    expect(fault('9223372036854775807 + 1')).toContain('overflow');
    expect(fault('params.version.matches(params.version + "(")')).toContain('invalid pattern');
    expect(fault('timestamp("2024-05-01 12:00:00 ok")')).toContain('RFC 3339');
  });

  it('quotes a value in its message only as far as a status can hold it', () => {
    const params = { v: 'x'.repeat(50_000), m: {} };
    for (const source of ['bool(params.v)', 'params.m[params.v]', 'duration(params.v)', 'timestamp(params.v)']) {
      expect(fault(source, { params }).length).toBeLessThan(700);
    }
  });

  it('is quick on texts that are nearly durations', () => {
    // The pattern of cel-js takes minutes for this one: the timeout of the test is the assertion.
    expect(fault('duration(params.v)', { params: { v: `${'1'.repeat(10_000)}x` } })).toContain(
      'is not a valid duration',
    );
    expect(evaluate('duration("-1.5h").getMinutes()', bindings)).toBe(-90);
  });

  it('fails on what JSON cannot hold, or that is too large', () => {
    expect(fault('1.0 / 0.0')).toContain('JSON cannot hold');
    expect(fault('b"x"')).toContain('.base64()');
    expect(fault('string')).toContain('a type');
    const tags = [Array.from({ length: 1000 }, () => 'x'.repeat(100))];
    expect(fault('[params.tags, params.tags, params.tags]', { params: { tags } })).toContain('larger than');
  });

  it('wants true or false where a condition is asked for', () => {
    expect(() => evaluateBoolean('params.count', bindings)).toThrow('neither true nor false');
  });

  it('gives the same answer again, and leaves the values alone', () => {
    const before = JSON.stringify(bindings);
    const source = 'params.tags.map(t, t + string(size(tasks["unit-test"].outputs)))';
    expect(evaluate(source, bindings)).toEqual(evaluate(source, bindings));
    expect(evaluate(source, { ...bindings, params: { tags: ['z'] } })).toEqual(['z3']);
    expect(JSON.stringify(bindings)).toBe(before);
  });

  it('throws ExpressionError and nothing else, for any values', () => {
    const sources = [
      'params.a + params.b',
      'params.a == params.b',
      'params.a.map(x, x)',
      'params.a[params.b]',
      'params',
    ];
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.constantFrom(...sources), (a, b, source) => {
        try {
          evaluate(source, { ...bindings, params: { a: a as Json, b: b as Json } });
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError);
        }
      }),
    );
  });

  it('has a value for every source that the check accepts, but for what depends on values', () => {
    for (const source of ['params.count + 1', 'params.ratio * params.count', 'tasks.build.outputs.size > 2']) {
      expect(checkExpression(source, scope)).toEqual([]);
      expect(() => evaluate(source, bindings)).not.toThrow();
    }
  });
});
