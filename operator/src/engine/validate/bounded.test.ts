import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Task, WorkflowSpec } from '../../api/index.ts';
import { evaluateBoolean } from '../expression/index.ts';
import { compared } from '../expression/nearest.ts';
import { MAX_WORK, work } from '../expression/work.ts';
import { resolveParameters } from '../values/parameters.ts';
import { isTooComplex, MAX_PROBLEMS } from './report.ts';
import { validateWorkflow } from './workflow.ts';

const name = (index: number) => `a-task-with-quite-a-long-name-${index}`;
const of = (tasks: number, more: (index: number) => Partial<Task>): WorkflowSpec => ({
  defaults: { image: 'i' },
  tasks: Array.from({ length: tasks }, (_, index) => ({ name: name(index), run: 'true', ...more(index) })),
});
const list = <T>(length: number, make: (index: number) => T) => Array.from({ length }, (_, index) => make(index));
const record = (length: number, make: (index: number) => string) =>
  Object.fromEntries(list(length, (index) => [`v${index}`, make(index)]));

/** What a definition can be full of, each a way in which the work could grow faster than the definition. */
const ODDITIES: Readonly<Record<string, (size: number, index: number) => Partial<Task>>> = {
  'unknown needs': (size, index) => ({ needs: list(size, (at) => `a-task-with-quite-a-long-nome-${index}${at}`) }),
  'unknown tasks in expressions': (size) => ({ env: record(size, (at) => `\${{ tasks["nobody-${at}"].status }}`) }),
  'unknown parameters': (size) => ({ env: record(size, (at) => `\${{ params.nobody${at} }}`) }),
  'unknown names': (size) => ({ when: list(size * 5, (at) => `x${at}`).join(' + ') }),
  'unknown functions': (size) => ({ when: list(size * 5, (at) => `x${at}()`).join(' + ') }),
  'long texts with many problems': (size) => ({
    env: { A: `${'\n'.repeat(4_000)}${list(Math.min(size, 60), (at) => `\${{ params.x${at} }}`).join('\n')}` },
  }),
  'unknown templates': (_size, index) => ({ run: undefined, template: { name: `unknown-${index}` } }),
  'unknown workspaces': (size) => ({ workspaces: list(size, (at) => ({ name: `w${at}`, mountPath: '/w' })) }),
  'unknown artifacts': (size) => ({
    artifacts: { inputs: list(size, (at) => ({ name: `i${at}`, from: `nobody-${at}.x` })) },
  }),
  'large expressions': (size, index) => ({ when: `${'1 + '.repeat(size * 20)}${index} == 1` }),
  'nested comprehensions': (_size, index) => ({
    forEach: { itemsFrom: `[${index}].map(a, [a].map(b, [b].map(c, ${'a + '.repeat(200)}a)))` },
  }),
  'patterns in expressions': (size, index) => ({
    when: list(Math.min(size, 10), (at) => `"a".matches("(?i)${index}${at}[\\\\pL\\\\pN]{1000}")`).join(' && '),
  }),
  'strange axes': (size) => ({
    forEach: { matrix: { axes: { a: [1] }, exclude: list(size * 10, (at) => ({ [`b${at}`]: 1 })) } },
  }),
};

describe('validation is bounded', () => {
  it.each(Object.entries(ODDITIES))('by a count of its work, for %s', (_what, oddity) => {
    const before = compared.cells;
    const problems = validateWorkflow(of(250, (index) => oddity(20, index)));
    expect(problems.length).toBeLessThanOrEqual(MAX_PROBLEMS + 1);
    expect(work.last).toBeLessThanOrEqual(MAX_WORK);
    // Each problem that is told compares one name with all others, near the diagonal only.
    expect(compared.cells - before).toBeLessThan(MAX_PROBLEMS * 500 * 64 * 7);
  });

  it('by far less time than a definition of 40 KB took that was full of unknown names', () => {
    const spec = of(250, (index) => ({ needs: list(5, (at) => `nobody-${index}-${at}`) }));
    const time = (run: () => unknown) => {
      const begun = performance.now();
      run();
      return performance.now() - begun;
    };
    const floor = () => time(() => list(40, () => JSON.parse(JSON.stringify(spec))));
    const best = (measure: () => number) => Math.min(...list(5, measure));
    expect(best(() => time(() => validateWorkflow(spec)))).toBeLessThan(40 * best(floor));
  });

  it('with one answer for what is too much, which says what to do', () => {
    const problems = validateWorkflow(of(400, () => ({ when: `${'1 + '.repeat(490)}1 == 1` })));
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toMatch(/^TooComplex: .*; use fewer or shorter ones/);
    expect(isTooComplex(problems)).toBe(true);
  });

  it('with the same answer when all of it is known already, and with no trace in what is evaluated later', () => {
    const source = '"a".matches("(?i)[\\\\pL]{900}|a")';
    const spec = of(60, (index) => ({ when: `${source} && ${index} >= 0` }));
    const [first, again] = [validateWorkflow(spec), validateWorkflow(spec)];
    expect(isTooComplex(first)).toBe(true);
    expect(again).toEqual(first);
    expect(
      isTooComplex(
        validateWorkflow(
          of(1, () => ({ when: source })),
          undefined,
          100,
        ),
      ),
    ).toBe(true);
    const run = { name: '', uid: '', namespace: '', workflow: '' };
    expect(evaluateBoolean(`${source} && 59 >= 0`, { params: {}, tasks: {}, run })).toBe(true);
    expect(evaluateBoolean(source, { params: {}, tasks: {}, run })).toBe(true);
  });

  it('and takes a definition of 500 tasks with thousands of expressions', () => {
    const reads = (index: number) =>
      index < 8 ? {} : record(4, (at) => `\${{ tasks["${name(index - 1 - at)}"].status + params.p }}`);
    const spec = of(500, (index) => ({ needs: index === 0 ? [] : [name(index - 1)], env: reads(index) }));
    expect(validateWorkflow({ ...spec, parameters: [{ name: 'p' }] })).toEqual([]);
  });

  it('whatever is put together', () => {
    const oddities = fc.array(fc.constantFrom(...Object.values(ODDITIES)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(oddities, fc.integer({ min: 1, max: 120 }), fc.integer({ min: 1, max: 30 }), (some, tasks, size) => {
        const spec = of(tasks, (index) => Object.assign({}, ...some.map((one) => one(size, index))));
        const before = compared.cells;
        const problems = validateWorkflow(spec);
        expect(problems.length).toBeLessThanOrEqual(MAX_PROBLEMS + 1);
        expect(work.last).toBeLessThanOrEqual(MAX_WORK);
        expect(compared.cells - before).toBeLessThan(MAX_PROBLEMS * 500 * 64 * 7);
      }),
      { numRuns: 30 },
    );
  });

  it('also where the values of a run are matched against patterns', () => {
    const declared = list(20, (at) => ({ name: `p${at}`, pattern: `(?i)${at}?[\\pL]{900}x` }));
    const given = declared.map((parameter) => ({ name: parameter.name, value: 'a'.repeat(1_500) }));
    expect(resolveParameters(declared, given)).toEqual({ problem: expect.stringContaining('TooComplex') });
  });
});
