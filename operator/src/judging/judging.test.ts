import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Task, WorkflowSpec } from '../api/index.ts';
import { MAX_PROBLEMS, validateTemplate, validateWorkflow } from '../engine/validate/index.ts';
import { realClock } from '../runtime/index.ts';
import { Judging, type JudgingOptions } from './judging.ts';

const judging = (more: Partial<JudgingOptions> = {}) =>
  new Judging({ clock: realClock, limitMs: 60_000, maxWaiting: 8, ...more });
const none = () => ({ problem: 'there is none' });
const spec = (tasks: number, more: (index: number) => Partial<Task> = () => ({})): WorkflowSpec => ({
  defaults: { image: 'i' },
  tasks: Array.from({ length: tasks }, (_, index) => ({ name: `task-${index}`, run: 'true', ...more(index) })),
});
const unknown = (tasks: number) => spec(tasks, (index) => ({ needs: [`nobody-${index}`], when: 'params.none == 1' }));
const expensive = spec(400, () => ({ when: `${'1 + '.repeat(490)}1 == 1` }));
const stuck = new URL('./testing/never.ts', import.meta.url);

describe('judging', () => {
  it.each([
    ['a small one', unknown(3)],
    ['a large one', unknown(500)],
    ['a valid one', spec(400, () => ({ env: { A: 'x'.repeat(200) } }))],
    ['a too complex one', expensive],
  ])('reports the problems of the validation for %s', async (_what, of) => {
    expect((await judging().workflow(of, none)).problems).toEqual(validateWorkflow(of, none));
  });

  it('sends the templates that a large definition uses to the thread', async () => {
    const body = { parameters: [{ name: 'p' }], tasks: [{ name: 'a', image: 'i', run: 'true' }] };
    const find = (_kind: string, name: string) => (name === 'there' ? body : { problem: 'there is no such template' });
    const { tasks, ...rest } = spec(500, () => ({ env: { A: 'x'.repeat(200) } }));
    const uses = ['there', 'not-there'].map((name) => ({ name, template: { name } }));
    const of = { ...rest, tasks: [...tasks, ...uses] };
    const { problems } = await judging().workflow(of, find);
    expect(problems).toEqual(validateWorkflow(of, find));
    expect(problems.map(({ message }) => message).join()).toContain('there is no such template');
    const template = { tasks: of.tasks.slice(0, 300) };
    const verdict = await judging().template(template, 'WorkflowTemplate', find);
    expect(verdict.problems).toEqual(validateTemplate(template, 'WorkflowTemplate', find));
    expect(verdict.problems).toHaveLength(MAX_PROBLEMS + 1);
  });

  it('does not block this thread while a large definition is validated', async () => {
    let turns = 0;
    const turning = setInterval(() => turns++, 1);
    await judging().workflow(expensive, none);
    clearInterval(turning);
    expect(turns).toBeGreaterThan(10);
  });

  it('does not keep the process alive', async () => {
    const program = new URL('./testing/judge-and-end.ts', import.meta.url).pathname;
    const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 25_000 });
    expect(stdout).toBe('1');
  });

  it('refuses a definition that takes too long, and validates the next one in a new thread', async () => {
    const slow = judging({ limitMs: 100, graceMs: 0, file: stuck });
    for (let round = 0; round < 2; round++) {
      const { problems, isTooComplex, isPassing } = await slow.workflow(unknown(500), none);
      expect(problems).toHaveLength(1);
      expect(problems[0]?.message).toMatch(/^TooComplex: validation took longer than 100 ms; apply it again/);
      expect([isTooComplex, isPassing]).toEqual([true, true]);
    }
  });

  it('refuses further large definitions when the queue is full, and still validates small ones', async () => {
    const full = judging({ limitMs: 500, graceMs: 0, maxWaiting: 1, file: stuck });
    const all = Array.from({ length: 4 }, () => full.workflow(unknown(500), none));
    expect((await full.workflow(unknown(1), none)).problems).toHaveLength(2);
    const words = (await Promise.all(all)).map(({ problems }) => problems[0]?.message.split(';', 1)[0]);
    const busy = words.filter((word) => word === 'the operator is busy with other large definitions');
    expect(busy.length).toBeGreaterThanOrEqual(2);
  });

  it('refuses a definition as too complex when the thread runs out of memory', async () => {
    const broken = judging({ file: new URL('data:text/javascript,process.exit(1)') });
    expect(await broken.workflow(unknown(500), none)).toMatchObject({ isTooComplex: true, isPassing: true });
  });
});
