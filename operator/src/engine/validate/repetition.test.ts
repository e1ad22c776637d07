import { describe, expect, it } from 'vitest';
import type { ForEach, Loop, Task } from '../../api/index.ts';
import { lines, specOf } from './samples.ts';
import { validateWorkflow } from './workflow.ts';

const task = (...tasks: Omit<Task, 'name'>[]) => lines(validateWorkflow(specOf(tasks)));
const forEach = (of: ForEach, more: Partial<Task> = {}) => task({ run: 'true', forEach: of, ...more });
const loop = (of: Loop, more: Partial<Task> = {}) => task({ run: 'true', loop: of, ...more });

describe('a fan-out', () => {
  it('counts over a sequence that ends, and not too late', () => {
    expect(forEach({ sequence: { to: 4999 } })).toEqual([]);
    expect(forEach({ sequence: { from: 3, to: -3, step: -2 } })).toEqual([]);
    expect(forEach({ sequence: { to: 5000 } })).toEqual([
      'spec.tasks[0].forEach.sequence: 5001 items are too many; a fan-out has at most 5000',
    ]);
    expect(forEach({ sequence: { to: 5, step: 0 } })[0]).toContain('never ends');
    expect(forEach({ sequence: { from: 5, to: 1 } })).toEqual([
      'spec.tasks[0].forEach.sequence.step: a step of 1 never reaches 1 from 5; flip its sign',
    ]);
  });

  it('combines the axes of a matrix, up to a bound', () => {
    const axes = { os: ['a', 'b'], arch: [1, 2, 3] };
    expect(forEach({ matrix: { axes, exclude: [{ os: 'a' }], include: [{ os: 'c', extra: true }] } })).toEqual([]);
    expect(forEach({ matrix: { axes: {} } })[0]).toContain('at least one axis');
    const hundred = Array.from({ length: 100 }, (_, i) => i);
    expect(forEach({ matrix: { axes: { a: hundred, b: hundred } } })[0]).toContain('10000 items are too many');
    expect(forEach({ matrix: { axes, exclude: [{ cpu: 1 }] } })).toEqual([
      'spec.tasks[0].forEach.matrix.exclude[0].cpu: "cpu" is not an axis, so this excludes nothing; axes: arch, os',
    ]);
  });

  it('has items from a list or a map, and a key that is a text of each of them', () => {
    const itemsFrom = '{"a": 1, "b": 2}';
    expect(forEach({ itemsFrom, key: 'item.key + string(index)' })).toEqual([]);
    expect(forEach({ itemsFrom, key: 'index' })[0]).toContain('forEach.key: the expression must yield a String');
    expect(forEach({ itemsFrom: '"a"' })[0]).toContain('must yield a List or Object');
    expect(forEach({ itemsFrom: 'item' })[0]).toContain('only in a task with forEach');
  });
});

describe('a loop', () => {
  it('has an end', () => {
    expect(loop({ until: 'iteration == 3' })).toEqual([]);
    expect(loop({ while: 'iteration < 3' })).toEqual([]);
    expect(loop({})).toEqual(['spec.tasks[0].loop: a loop needs an end condition; set while, until or both']);
    expect(loop({ until: '3' })[0]).toContain('loop.until: the expression must yield a Boolean');
    expect(loop({ while: '3' })[0]).toContain('loop.while: the expression must yield a Boolean');
    expect(loop({ until: 'true', delay: '9000h' })[0]).toContain('loop.delay: 9000h is too long');
  });

  it('reads state, iteration and what the iteration handed on, each where it is known', () => {
    const state = { cursor: '""', sum: '0' };
    const next = { cursor: 'outputs.next', sum: 'state.sum + iteration' };
    const whole = { state, next, while: 'state.sum < 9', until: 'status == "Failed" || outputs.next == ""' };
    expect(loop(whole, { env: { C: '${{ state.cursor }} ${{ iteration }}' } })).toEqual([]);
    expect(loop({ ...whole, while: 'outputs.next == ""' })[0]).toContain('loop.while: "outputs" is available only in');
    expect(loop({ ...whole, state: { cursor: 'string(iteration)', sum: '0' } })[0]).toContain(
      'loop.state.cursor: "iteration"',
    );
    expect(loop(whole, { when: 'state.sum == 0' })[0]).toContain('when: "state" is available only in');
    expect(loop(whole, { env: { C: '${{ state.cusor }}' } })[0]).toContain('did you mean "cursor"?');
    expect(loop(whole, { retry: { limit: 1, when: 'state.sum < 3 && attempt < 2' } })).toEqual([]);
  });

  it('changes only state that has a first value, and that is no output of the task', () => {
    expect(loop({ until: 'true', state: { a: '1' }, next: { b: '2' } })).toEqual([
      'spec.tasks[0].loop.next.b: next sets "b", which has no initial value; declare it in state; did you mean "a"? (known: a)',
    ]);
    expect(loop({ until: 'true', state: { a: '1' } }, { outputs: [{ name: 'a' }] })).toEqual([
      'spec.tasks[0].loop.state.a: "a" is also an output of the task; rename one',
    ]);
  });

  it('hands on its state besides its outputs', () => {
    const first = { run: 'true', outputs: [{ name: 'n' }], loop: { until: 'true', state: { sum: '0' } } };
    const read = (text: string) => task(first, { needs: ['t0'], compute: { x: text } });
    expect(read('tasks.t0.outputs.sum + 1')).toEqual([]);
    expect(read('tasks.t0.outputs.n + "a"')).toEqual([]);
    expect(read('tasks.t0.outputs.m')[0]).toContain('declares no output "m"');
  });
});
