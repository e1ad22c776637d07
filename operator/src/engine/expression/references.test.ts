import { describe, expect, it } from 'vitest';
import { ANY_NAME } from './references.ts';
import { taskReferences } from './template.ts';

const tasks = (source: string) => [...taskReferences(source)].sort();

describe('the tasks that a text reads', () => {
  it('are those of an expression', () => {
    expect(tasks('tasks.a.outputs.x + tasks["b-c"].status')).toEqual(['a', 'b-c']);
    expect(tasks("tasks['a'].?outputs[?'x'].orValue(tasks.d.status)")).toEqual(['a', 'd']);
  });

  it('are those of a template, in each of its expressions', () => {
    expect(tasks('x ${{ tasks.a.status }} tasks.z.status ${{ tasks.b.outputs }}')).toEqual(['a', 'b']);
  });

  it('are found inside macros, conditions, literals and indexes', () => {
    expect(tasks('[1].map(x, tasks.a.outputs.n + x).exists(y, has(tasks.b.outputs.z))')).toEqual(['a', 'b']);
    expect(tasks('{"k": [tasks.a.status]}[tasks.b.status] ? !tasks.c.outputs.f : -1 < 0')).toEqual(['a', 'b', 'c']);
    expect(tasks('cel.bind(t, tasks.a.outputs, t.x == tasks.b.outputs.x)')).toEqual(['a', 'b']);
  });

  it('are unknown when a task is not named by a literal', () => {
    expect(tasks('tasks[params.which].status')).toEqual([ANY_NAME]);
    expect(tasks('size(tasks)')).toEqual([ANY_NAME]);
  });

  it('are none when there is nothing to read, or nothing that parses', () => {
    expect(tasks('params.tasks.a')).toEqual([]);
    expect(tasks("'tasks.a.status'")).toEqual([]);
    expect(tasks('tasks.a.(')).toEqual([]);
    expect(tasks('${{ tasks.a')).toEqual([]);
  });
});
