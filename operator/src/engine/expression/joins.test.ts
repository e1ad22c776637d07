import { describe, expect, it } from 'vitest';
import { checkExpression, type Expected } from './check.ts';
import { evaluate } from './evaluate.ts';
import { bindings, scope } from './samples.ts';
import type { Json, ScopeType, VisibleTask } from './scope.ts';

const fan = (outputs: Record<string, ScopeType>, more: Partial<VisibleTask> = {}): VisibleTask => ({
  ...{ outputs, fannedOut: true },
  ...more,
});
const TASKS: Record<string, VisibleTask> = {
  a: fan({ host: 'String', rows: 'List', all: 'Object' }),
  b: fan({ host: 'String', port: 'Integer' }),
  made: fan({}, { any: true }),
  also: fan({}, { any: true }),
};
const of = (tasks: Record<string, VisibleTask>) => ({ ...scope, tasks, allTasks: new Set(Object.keys(tasks)) });
const check = (source: string, expected: Expected = 'Any', tasks = TASKS) =>
  checkExpression(source, of(tasks), expected).map(({ message }) => message);

const A: Json = [{ host: 'x', rows: [1], all: {} }, null];
const B: Json = [{ host: 'y', port: 2 }];
const values = (a: Json = A, b: Json = B) => ({
  ...bindings,
  tasks: { a: { outputs: a, status: 'Succeeded' }, b: { outputs: b, status: 'Succeeded' } },
  types: of(TASKS),
});

describe('lists that are joined', () => {
  it.each<[string, Json]>([
    ['tasks.a.outputs + tasks.b.outputs', [...A, ...B]],
    ['tasks.a.outputs + tasks.a.outputs', [...A, ...A]],
    ['tasks.a.outputs.filter(o, o != null) + tasks.b.outputs', [{ host: 'x', rows: [1], all: {} }, ...B]],
    ['tasks.b.outputs.map(o, o.host) + tasks.b.outputs.map(o, o.port)', ['y', 2]],
    ['tasks.b.outputs.map(o, {"h": o.host}) + tasks.b.outputs.map(o, {"p": o.port})', [{ h: 'y' }, { p: 2 }]],
    ['tasks.b.outputs.map(o, [o.host]) + tasks.b.outputs.map(o, [o.port])', [['y'], [2]]],
    ['tasks.b.outputs.map(o, string(o.host)) + tasks.b.outputs.map(o, int(o.port))', ['y', 2]],
    ['dyn(tasks.a.outputs) + dyn(tasks.b.outputs)', [...A, ...B]],
    ['tasks.b.outputs + params.tags', [...B, 'a', 'b']],
    ['params.tags + tasks.b.outputs', ['a', 'b', ...B]],
    ['["a"] + [1] + [] + [[true]]', ['a', 1, [true]]],
    ['(tasks.a.outputs + tasks.b.outputs).filter(o, o != null).map(o, o.host)', ['x', 'y']],
    ['(["a"] + [1]).exists(x, x == 1)', true],
    ['(params.flag ? tasks.a.outputs : tasks.b.outputs) + ["z"]', [...A, 'z']],
    ['params.flag ? ["a"] : [1]', ['a']],
    ['!params.flag ? tasks.a.outputs : []', []],
  ])('%s', (source, value) => {
    expect(check(source)).toEqual([]);
    expect(evaluate(source, values())).toEqual(value);
    expect(evaluate(source, values())).toEqual(value);
  });

  it('are lists: what follows takes them for that, and of two of one type the fields are known', () => {
    expect(check('tasks.a.outputs + tasks.b.outputs', 'Items')).toEqual([]);
    expect(check('tasks.a.outputs + tasks.b.outputs', 'String')[0]).toContain('but yields a List');
    expect(check('(tasks.b.outputs + tasks.b.outputs).map(o, o.hst)')[0]).toContain('No such key: hst');
    expect(check('params.flag ? tasks.a.outputs : 1')[0]).toContain('branches must have the same type');
    expect(check('params.flag + 1 == 2 ? tasks.a.outputs : tasks.b.outputs')[0]).toContain('no such overload');
    expect(check('tasks.a.outputs + 1')[0]).toContain('no such overload');
    expect(() => evaluate('tasks.a.outputs + params.count', values())).toThrow('no such overload');
  });

  it('may be empty, or all there is of a skipped fan-out', () => {
    expect(evaluate('tasks.a.outputs + tasks.b.outputs', values([], []))).toEqual([]);
    expect(evaluate('tasks.a.outputs + tasks.b.outputs', values([], B))).toEqual(B);
  });
});

describe('what a fan-out is assumed to hand on', () => {
  it.each([
    'tasks.a.outputs.map(o, o) + tasks.b.outputs.map(o, o)',
    'tasks.a.outputs.map(o, o.rows) + tasks.a.outputs.map(o, o.rows)',
    'tasks.a.outputs.map(o, o.all) + tasks.a.outputs.map(o, o.all)',
    'dyn(tasks.made.outputs) + dyn(tasks.also.outputs)',
    'tasks.made.outputs.map(o, o.x) + tasks.also.outputs.map(o, o.x)',
    Array.from({ length: 8 }, () => 'tasks.a.outputs').join(' + '),
  ])('is no more than it can be: %s', (source) => expect(check(source)).toEqual([]));

  it('is as many items as the definition says', () => {
    const pairs = (items: number) => {
      const tasks = { a: fan({ host: 'String' }, { items }), b: fan({ host: 'String' }, { items }) };
      return check('tasks.a.outputs.map(x, tasks.b.outputs.filter(y, x.host == y.host))', 'Any', tasks).join('');
    };
    expect([pairs(2), pairs(100)]).toEqual(['', '']);
    expect(pairs(3000)).toContain('steps');
  });

  it('is still bounded by what it is at the time', () => {
    const many = Array.from({ length: 3000 }, (_, at) => ({ host: `host-${at}`, port: at }));
    const pairs = '(tasks.a.outputs + tasks.b.outputs).filter(x, tasks.b.outputs.exists(y, x.host == y.host))';
    expect(check(pairs)).toEqual([]);
    expect(() => evaluate(pairs, values(many, many))).toThrow('steps');
    const large = Array.from({ length: 1000 }, () => ({ host: 'x'.repeat(3000), port: 1 }));
    expect(() => evaluate('tasks.a.outputs + tasks.b.outputs', values(large, large))).toThrow('far too many steps');
  });
});

describe('an optional output', () => {
  const tasks: Record<string, VisibleTask> = {
    a: { outputs: { url: 'String', id: 'String' }, fannedOut: false, optional: ['url'] },
  };
  const read = (source: string, asked?: ReadonlySet<string>) =>
    checkExpression(source, { ...of(tasks), asked }).map(({ message }) => message);

  it('is refused where it is read as if it were always there', () => {
    expect(read('"at " + tasks.a.outputs.url')).toEqual([
      'the output "url" of "a" is optional, so it may be missing; read tasks.a.outputs.?url.orValue(...), or check has(tasks.a.outputs.url) here or in when',
    ]);
    expect(read('tasks.a.outputs["url"]')[0]).toContain('is optional');
  });

  it.each([
    'tasks.a.outputs.id',
    'tasks.a.outputs.?url.orValue("none")',
    'tasks.a.outputs[?"url"].orValue("none")',
    'has(tasks.a.outputs.url) ? tasks.a.outputs.url : "none"',
    'tasks.a.outputs',
  ])('is taken where it is asked for: %s', (source) => expect(read(source)).toEqual([]));

  it('is taken where the condition of the task has asked for it', () => {
    expect(read('tasks.a.outputs.url', new Set(['a.url']))).toEqual([]);
  });
});
