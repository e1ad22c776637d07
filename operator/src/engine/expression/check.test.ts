import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkExpression } from './check.ts';
import { scope } from './samples.ts';
import type { Scope } from './scope.ts';

const messages = (source: string, over: Partial<Scope> = {}, expected?: 'Boolean' | 'List') =>
  checkExpression(source, { ...scope, ...over }, expected).map(({ message }) => message);
const message = (source: string, over: Partial<Scope> = {}) => messages(source, over).join('\n');

describe('checking an expression', () => {
  it.each([
    'params.version != "" && params.count + 1 > 2 || !params.flag',
    'params.version.split(".").map(part, int(part)).filter(n, n > 1)',
    'params.tags.all(t, t != "") && params.tags.exists(t, t == "a") && size(params.tags) == 2',
    'params.conf.a.b[0] == 1 && has(params.conf.x)',
    'params.ratio * 2 / params.count > 0.5',
    'tasks.build.status == "Succeeded" && has(tasks.build.outputs.digest)',
    'tasks.build.outputs.?digest.orValue("none").startsWith("sha")',
    'tasks["unit-test"].outputs.filter(o, o != null && o.passed > 0).map(o, o.report).join(",")',
    'tasks["unit-test"].outputs[0].passed + 1',
    'timestamp("2024-05-01T12:00:00Z") + duration("1h") > timestamp(0)',
    '{"name": run.name, "count": params.count, "list": [1, "a", null]}',
    'params[run.name]',
    'cel.bind(v, params.version, v + v)',
  ])('accepts %s', (source) => {
    expect(messages(source)).toEqual([]);
  });

  it('finds types that do not fit, and says how to convert', () => {
    expect(checkExpression('params.version + 1', scope)).toEqual([
      {
        message: 'no such overload: string + int; convert one side, with string(...), int(...) or double(...)',
        line: 1,
        column: 1,
        caret: 'params.version + 1\n^',
      },
    ]);
    expect(message('tasks.build.outputs.size + tasks.build.outputs.digest')).toContain('int + string');
    expect(message('run.name == 1')).toContain('string == int');
  });

  it('places a problem in the line where it is', () => {
    const [problem] = checkExpression('params.flag &&\n  params.verson == ""', scope);
    expect(problem).toMatchObject({ line: 2, column: 10, caret: '  params.verson == ""\n         ^' });
  });

  it('lists the known parameters, the nearest first', () => {
    expect(message('params.verson')).toMatch(
      /^unknown parameter "verson"; did you mean "version"\? \(known: version, /,
    );
    expect(message('params.x', { parameters: {} })).toBe('unknown parameter "x"; there is no parameter');
    expect(message('has(params["verson"])')).toContain('did you mean "version"');
  });

  it('tells an unknown task from one that is no ancestor', () => {
    expect(message('tasks.ship.outputs.url')).toBe('task "ship" is not an ancestor; add it to needs');
    expect(message('tasks.buld.status')).toContain('unknown task "buld"; did you mean "build"?');
    expect(message('tasks.unit.outputs')).toBe('unknown task "unit"; a name with a dash is read as tasks["unit-test"]');
    expect(message('tasks.unit-test.outputs')).toContain('tasks["unit-test"]');
  });

  it('knows what a task declares', () => {
    expect(message('tasks.build.outputs.digst')).toBe(
      'task "build" declares no output "digst"; did you mean "digest"? (known: digest, size)',
    );
    expect(message('tasks.build.digest')).toContain('did you mean tasks.build.outputs.digest?');
    expect(message('tasks["unit-test"].outputs.report')).toContain('tasks["unit-test"].outputs.map(o, o.report)');
    expect(message('tasks["unit-test"].outputs[0].reprt')).toContain('No such key: reprt');
  });

  it('wants tasks named by a literal', () => {
    expect(message('tasks[params.version].status')).toContain('write a literal task name');
    expect(message('size(tasks) > 0')).toContain('write a literal task name');
  });

  it('says where a name is known that is not known here', () => {
    expect(message('item.name')).toBe('"item" is available only in a task with forEach');
    expect(message('exitCode != 2')).toBe('"exitCode" is available only in retry.when');
    expect(messages('item.name + string(index)', { item: true })).toEqual([]);
    expect(messages('exitCode != 2 && attempt < 3 && reason + message != ""', { attempt: true })).toEqual([]);
    expect(message('version != ""')).toBe('unknown name "version"; a parameter is read as params.version');
    expect(message('build.status')).toContain('tasks.build.outputs');
    expect(message('param.version')).toContain('did you mean "params"?');
    expect(message('run.nmae')).toContain('did you mean "name"?');
  });

  it('offers no function whose answer depends on the time, the machine or chance', () => {
    expect(message('now()')).toContain('now() is not available');
    expect(message('timestamp(0).getHours("Europe/Paris")')).toContain('takes no time zone');
    expect(message('timestamp(0).getDayOfYear()')).toContain('depends on the machine');
    expect(message('random()')).toContain('unknown function "random"');
    expect(message('b"{}".json()')).toContain('unknown function "json"');
    expect(message('params.version.startWith("v")')).toContain('did you mean "startsWith"?');
    expect(message('matches(params.version, "v")')).toContain('value.matches(...)');
    expect(message('params.version.contains()')).toContain('takes 1 argument(s), not 0');
    expect(message('params.conf.bind(a, 1, a)')).toContain('cel.bind(name, value, expression)');
  });

  it('refuses names of Ado as variables, and keys that cel-js would drop', () => {
    expect(message('[1].map(params, params)')).toContain('"params" is reserved by Ado');
    expect(message('cel.bind(tasks, 1, tasks)')).toContain('"tasks" is reserved by Ado');
    expect(message('[1].map("x", 1)')).toContain('iteration variable');
    expect(message('{"__proto__": 1}')).toContain('cannot be a key');
  });

  it('judges the type that is expected', () => {
    expect(messages('params.count', {}, 'Boolean')).toEqual([
      'the expression must yield a Boolean, but yields a Integer',
    ]);
    expect(messages('params.conf', {}, 'List')).toEqual(['the expression must yield a List, but yields a Object']);
    expect(messages('params.tags', {}, 'List')).toEqual([]);
    expect(messages('params.conf.x', {}, 'Boolean')).toEqual([]);
  });

  it('bounds length, size and depth', () => {
    expect(message(`"${'x'.repeat(4096)}"`)).toContain('4098 characters; at most 4096');
    expect(message(Array.from({ length: 1500 }, () => '1').join('+'))).toContain('more than 1000 terms');
    expect(message(`${'('.repeat(500)}1${')'.repeat(500)}`)).toContain('nested more than 64');
    expect(message(`${'!'.repeat(4000)}true`)).toContain('too large');
    expect(messages(`${'!'.repeat(900)}true`)).toEqual([]);
    expect(message('')).toBe('the expression is empty');
    expect(message('1 +')).toBe('Unexpected token: the end of the expression');
  });

  it('bounds the types that an expression builds, which cel-js writes out in full', () => {
    expect(message(`size([1]${'.map(x, {x: x})'.repeat(40)})`)).toContain('not a list or map');
    expect(message(`size([1]${'.map(x, [x])'.repeat(40)})`)).toContain('more than 8 levels');
    expect(message('cel.bind(a, [1], {a: 1})')).toContain('not a list or map');
    expect(message('optional.of(optional.of([[[[[[[[1]]]]]]]]))')).toContain('more than 8 levels');
    expect(messages('{params.version: [[1, 2], [3]][0].map(n, {"n": [n]})}')).toEqual([]);
    expect(messages('[[[1]]].map(x, x[0]).map(y, {y[0]: "k"})')).toEqual([]);
  });

  it('answers with problems, and never throws, whatever it is given', () => {
    const word = fc.constantFrom(
      ...[
        'params',
        'tasks',
        '.',
        'build',
        'outputs',
        '[',
        ']',
        '(',
        ')',
        '{',
        '}',
        ':',
        ',',
        '?',
        '"a"',
        "'",
        '1',
        '2.5',
      ],
      ...[
        '+',
        '-',
        '==',
        '&&',
        '||',
        '!',
        'in',
        'map',
        'filter',
        'all',
        'has',
        'x',
        'size',
        'matches',
        ' ',
        '\n',
        '//',
      ],
      ...['cel.bind(', 'true', 'null', 'b"x"', '1u', '\\', '.?', '[?', 'type', 'google', 'optional', 'or(', 'orValue('],
    );
    const programs = fc.array(word, { maxLength: 24 }).map((words) => words.join(''));
    fc.assert(
      fc.property(fc.oneof(programs, fc.string({ unit: 'binary' }), fc.string()), (source) => {
        for (const problem of checkExpression(source, scope)) {
          expect(problem.message).not.toBe('');
          expect(problem.line).toBeLessThanOrEqual(source.split('\n').length);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
