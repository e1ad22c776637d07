import { describe, expect, it } from 'vitest';
import { checkExpression } from './check.ts';
import { evaluate } from './evaluate.ts';
import { bindings, scope } from './samples.ts';
import type { Scope } from './scope.ts';

const messages = (source: string, more: Partial<Scope>, expected?: 'Boolean' | 'String' | 'Items') =>
  checkExpression(source, { ...scope, ...more }, expected).map(({ message }) => message);

describe('names that only some expressions see', () => {
  it('are, in a loop, its state by declared fields and the iteration', () => {
    const loop = { state: ['cursor', 'total'] };
    expect(messages('state.cursor != "" && iteration < 3 && state.total + 1 > 2', loop, 'Boolean')).toEqual([]);
    expect(messages('state.totl', loop)).toEqual([
      'unknown field of loop.state "totl"; did you mean "total"? (known: total, cursor)',
    ]);
    expect(messages('state.cursor', { state: [] })[0]).toContain('unknown field of loop.state "cursor"');
    expect(messages('state.cursor', {})).toEqual(['"state" is available only in a task with loop']);
    expect(messages('iteration + 1', {})[0]).toContain('"iteration" is available only in');
  });

  it('are outputs and status after an iteration, and outputs in undo', () => {
    expect(messages('outputs.done == true || status == "Failed"', { outputs: true, status: true }, 'Boolean')).toEqual(
      [],
    );
    expect(messages('outputs.done', { outputs: true })).toEqual([]);
    expect(messages('outputs.done', {})).toEqual(['"outputs" is available only in loop.next, loop.until and undo']);
    expect(messages('status', { outputs: true })).toEqual(['"status" is available only in loop.next and loop.until']);
  });

  it('are the object of a resource, and the value of a parameter that is judged', () => {
    expect(messages('object.status.phase == "Bound"', { object: true }, 'Boolean')).toEqual([]);
    expect(messages('object.status', {})[0]).toContain('"object" is available only in successWhen');
    expect(messages('self.size() > 3', { self: 'String' }, 'Boolean')).toEqual([]);
    expect(messages('self + 1', { self: 'String' })[0]).toContain('no such overload');
    expect(messages('self + 1', { self: 'Integer' })).toEqual([]);
    expect(messages('self', {})[0]).toContain('"self" is available only in parameter rules');
  });

  it('are how the run ended, in finally', () => {
    const source =
      'run.result == "Failed" && run.failures.exists(f, f.task == "build") && run.message.contains(run.reason)';
    expect(messages(source, { ended: true }, 'Boolean')).toEqual([]);
    expect(messages('run.result', {})).toEqual([
      '"run.result" is available only in finally and in hooks at the end of the run',
    ]);
    expect(messages('run.rsult', { ended: true })[0]).toContain('did you mean "result"?');
    expect(messages('run.rsult', {})[0]).not.toContain('result"');
  });

  it('have their values when they are evaluated', () => {
    const more = {
      ...bindings,
      state: { total: 4 },
      iteration: 2,
      outputs: { done: false },
      status: 'Succeeded',
      object: { spec: { replicas: 3 } },
    };
    expect(evaluate('state.total + iteration', more)).toBe(6);
    expect(evaluate('!outputs.done && status == "Succeeded"', more)).toBe(true);
    expect(evaluate('object.spec.replicas', more)).toBe(3);
    const run = { ...bindings.run, result: 'Failed', failures: [{ task: 'build', reason: 'ExitCode', message: 'm' }] };
    expect(evaluate('run.failures.map(f, f.task)', { ...bindings, run })).toEqual(['build']);
    expect(evaluate('self / 4', { ...bindings, self: 2, types: { ...scope, self: 'Number' } })).toBe(0.5);
    expect(() => evaluate('state.total', bindings)).toThrow('state');
  });
});

describe('values that nobody declared', () => {
  const tasks = {
    made: { outputs: {}, any: true, fannedOut: false },
    each: { outputs: {}, any: true, fannedOut: true },
    page: { outputs: { status: 'Integer', json: 'Any' }, fannedOut: false },
  } as const;

  it('are checked when they are there, and no sooner', () => {
    expect(messages('tasks.made.outputs.x.y == 1 && tasks.each.outputs[0].z', { tasks }, 'Boolean')).toEqual([]);
    expect(messages('tasks.each.outputs.filter(o, o != null).size() > 0', { tasks }, 'Boolean')).toEqual([]);
    expect(messages('tasks.page.outputs.json.items.map(i, i.name)', { tasks }, 'Items')).toEqual([]);
    expect(messages('tasks.page.outputs.body', { tasks })[0]).toContain('declares no output "body"');
    expect(messages('params.x + 1', { parameters: { x: 'Any' } })).toEqual([]);
    const value = evaluate('tasks.made.outputs.x.y + 1', {
      ...bindings,
      tasks: { made: { outputs: { x: { y: 1 } }, status: 'Succeeded' } },
      types: { parameters: {}, tasks },
    });
    expect(value).toBe(2);
  });

  it('count as large in the static bound', () => {
    const nested =
      'tasks.made.outputs.map(a, tasks.made.outputs.map(b, tasks.made.outputs.map(c, [a, b, c] == [c, b, a])))';
    expect(messages(nested, { tasks })[0]).toContain('steps');
    const state = 'state.a.map(a, state.a.map(b, state.a.map(c, [a, b, c] == [c, b, a])))';
    expect(messages(state, { state: ['a'] })[0]).toContain('steps');
  });
});

describe('what an expression must yield', () => {
  it('is a text, or the items of a fan-out', () => {
    expect(messages('params.version', {}, 'String')).toEqual([]);
    expect(messages('params.count', {}, 'String')).toEqual([
      'the expression must yield a String, but yields a Integer',
    ]);
    expect(messages('params.tags', {}, 'Items')).toEqual([]);
    expect(messages('params.conf', {}, 'Items')).toEqual([]);
    expect(messages('params.version', {}, 'Items')[0]).toContain('must yield a List or Object');
  });
});
