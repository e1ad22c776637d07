import { describe, expect, it } from 'vitest';
import type { Task, WorkflowSpec } from '../../api/index.ts';
import { lines, specOf } from './samples.ts';
import { validateWorkflow } from './workflow.ts';

const build: Omit<Task, 'name'> = { run: 'true', outputs: [{ name: 'digest' }] };
const problems = (more: Partial<WorkflowSpec>, change: Partial<Task> = {}) =>
  lines(validateWorkflow(specOf([{ ...build, ...change }], more)));
const last = (...tasks: Task[]) => problems({ finally: tasks });
const report = (env: string, more: Partial<Task> = {}): Task => ({
  name: 'report',
  run: 'true',
  env: { X: env },
  ...more,
});

describe('finally', () => {
  it('reads all tasks, and how the run ended', () => {
    expect(last(report('${{ run.result }} ${{ tasks.t0.status }} ${{ tasks.t0.outputs.digest }}'))).toEqual([]);
    expect(last(report('${{ run.failures.map(f, f.task) }}'))).toEqual([]);
    expect(problems({}, { env: { X: '${{ run.result }}' } })[0]).toContain('available only in finally');
    expect(last(report('${{ tasks.t1.status }}'))[0]).toMatch(/^spec\.finally\[0\]\.env\.X: unknown task "t1"/);
  });

  it('has names of its own, and needs among themselves only', () => {
    expect(last({ name: 'a', run: 'true' }, { name: 'b', needs: ['a'], run: 'true' })).toEqual([]);
    expect(last(report('', { needs: ['t0'] }))).toEqual([
      'spec.finally[0].needs[0]: a task in finally already waits for all tasks; remove "t0" from its needs',
    ]);
    expect(last(report('', { name: 't0' }))).toEqual([
      'spec.finally[0].name: task "t0" is declared already at spec.tasks[0].name; rename one',
    ]);
    expect(problems({ finally: [report('')] }, { needs: ['report'] })).toEqual([
      'spec.tasks[0].needs[0]: "report" is in finally, which runs after all tasks; remove it',
    ]);
    expect(last({ name: 'a', needs: ['b'], run: 'true' }, { name: 'b', needs: ['a'], run: 'true' })[0]).toMatch(
      /^spec\.finally\[0\]\.needs: the tasks form a dependency cycle/,
    );
  });

  it('has neither undo nor hooks', () => {
    expect(last(report('', { undo: { run: 'true' }, hooks: [{ event: 'Failed', run: 'true' }] }))).toEqual([
      'spec.finally[0].undo: a task in finally cannot have undo; remove it',
      'spec.finally[0].hooks: a task in finally cannot have hooks; use needs and runIf',
    ]);
  });
});

describe('undo', () => {
  it('reads what the task reads, and what it has handed on', () => {
    expect(problems({}, { undo: { run: 'true', env: { X: '${{ outputs.digest }} ${{ params.version }}' } } })).toEqual(
      [],
    );
    expect(problems({}, { undo: { run: 'true', env: { X: '${{ tasks.t0.outputs.digest }}' } } })[0]).toMatch(
      /^spec\.tasks\[0\]\.undo\.env\.X: task "t0" is not an ancestor/,
    );
    const forEach = { items: [1] };
    expect(problems({}, { forEach, undo: { run: 'true', env: { X: '${{ item }}' } } })[0]).toContain(
      '"item" is available only',
    );
  });

  it('is held to the rules of a task', () => {
    expect(problems({}, { undo: { run: 'echo ${{ params.version }}' } })[0]).toContain('spec.tasks[0].undo.run: ');
    expect(problems({}, { undo: { template: { name: 'x' }, retry: { limit: 1 } } })[0]).toContain('undo.retry: ');
    expect(problems({}, { undo: { run: 'true', timeout: '0s' } })[0]).toContain('undo.timeout: ');
    expect(problems({}, { undo: { http: { url: 'a' } } })[0]).toContain('undo.http.url: ');
    expect(problems({ defaults: {} }, { image: 'a', undo: { run: 'true' } })[0]).toContain(
      'undo.image: the task has no image',
    );
  });
});

describe('hooks', () => {
  it('read the task when it has ended, and what the task reads when it starts', () => {
    const hook = (on: 'Started' | 'Failed', text: string) =>
      problems({}, { hooks: [{ event: on, run: 'true', env: { X: text } }] });
    expect(hook('Failed', '${{ tasks.t0.status }} ${{ tasks.t0.outputs.digest }}')).toEqual([]);
    expect(hook('Started', '${{ tasks.t0.status }}')[0]).toMatch(/^spec\.tasks\[0\]\.hooks\[0\]\.env\.X: task "t0"/);
  });

  it('read, of the run, how it ended', () => {
    const hook = (on: 'Started' | 'Finished', text: string) =>
      problems({ hooks: [{ event: on, run: 'true', env: { X: text } }] });
    expect(hook('Finished', '${{ run.result }} ${{ tasks.t0.status }}')).toEqual([]);
    expect(hook('Started', '${{ run.result }}')[0]).toMatch(
      /^spec\.hooks\[0\]\.env\.X: "run\.result" is available only/,
    );
    expect(hook('Started', '${{ tasks.t0.status }}')[0]).toContain('unknown task "t0"');
  });

  it('stand once for each event', () => {
    const hooks = [
      { event: 'Failed' as const, run: 'true' },
      { event: 'Failed' as const, run: 'false' },
    ];
    expect(problems({}, { hooks })[0]).toContain('hooks[1].event: the hook "Failed" is declared already');
    expect(problems({ hooks })[0]).toContain('spec.hooks[1].event: ');
    const older = [hooks[0] ?? {}, { on: 'Failed' as const, run: 'false' }];
    expect(problems({}, { hooks: older })[0]).toContain('hooks[1].event: the hook "Failed" is declared already');
  });

  it.each([{}, { event: 'Failed' as const, on: 'Failed' as const }])('say by one name when they run: %j', (when) => {
    expect(problems({}, { hooks: [{ ...when, run: 'true' }] })[0]).toMatch(
      /hooks\[0\]\.event: a hook says when it runs by event, .*Started, Succeeded, Failed, Finished/,
    );
  });
});
