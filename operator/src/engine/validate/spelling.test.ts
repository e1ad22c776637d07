import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { WorkflowSpec } from '../../api/index.ts';
import { spellingWarnings } from './spelling.ts';
import { warnTemplate, warnWorkflow } from './warnings.ts';

/** A task as kubectl hands it on: YAML 1.1 turned into JSON. */
const applied = (yaml: string): WorkflowSpec =>
  JSON.parse(JSON.stringify({ tasks: [{ name: 'a', image: 'i', ...parse(yaml, { version: '1.1' }) }] }));
const told = (yaml: string) => spellingWarnings({ metadata: {}, spec: applied(yaml) });

describe('a key that YAML 1.1 reads as something else', () => {
  it.each([
    ['env: {on: x}', 'spec.tasks[0].env.true', 'on, yes and y'],
    ['env: {N: x}', 'spec.tasks[0].env.false', 'off, no and n'],
    ['with: {no: x}', 'spec.tasks[0].with.false', 'quote it'],
    ['compute: {y: "1"}', 'spec.tasks[0].compute.true', 'quote it'],
    ['http: {url: u, headers: {Off: x}}', 'spec.tasks[0].http.headers.false', 'quote it'],
    ['forEach: {matrix: {axes: {on: [a]}}}', 'spec.tasks[0].forEach.matrix.axes.true', 'quote it'],
    ['forEach: {items: [{yes: 1}]}', 'spec.tasks[0].forEach.items[0].true', 'quote it'],
    ['resource: {manifest: {data: {on: x}}}', 'spec.tasks[0].resource.manifest.data.true', 'quote it'],
  ])('gets a warning: %s', (yaml, path, words) => {
    expect(told(yaml)).toEqual([{ path, message: expect.stringContaining(words) }]);
  });

  it.each(['env: {"on": x}', 'env: {ON_CALL: x, yes_: y}'])('gets none where it is quoted or longer: %s', (yaml) => {
    expect(told(yaml)).toEqual([]);
  });
});

describe('an item that YAML 1.1 reads as something else', () => {
  it.each([
    ['items: [de, fr, no]', 'forEach.items[2]: false is a boolean among texts'],
    ['items: [auto, on]', 'forEach.items[1]: true is a boolean among texts'],
    ['items: [a, 007]', 'forEach.items[1]: 7 is a number among texts'],
    ['items: [3.9, 3.10]', 'forEach.items[0]: 3.9 is a number, and 3.90 would be the same one'],
    ['matrix: {axes: {python: [3.10, 3.11]}}', 'forEach.matrix.axes.python[0]: 3.1 is a number'],
  ])('gets a warning: %s', (forEach, words) => {
    const [warning] = told(`forEach: {${forEach}}`);
    expect(`${warning?.path}: ${warning?.message}`).toContain(`spec.tasks[0].${words}`);
    expect(warning?.message).toContain('quote it');
  });

  it.each(['[1, 2, 3]', '[true, false]', '[0.1, 0.01]', '["no", "3.10"]', '[{a: 1, b: x}, {a: 2, b: "no"}]', '[]'])(
    'gets none where it is likely to be meant: %s',
    (items) => expect(told(`forEach: {items: ${items}}`)).toEqual([]),
  );
});

describe('warnings of spelling', () => {
  it('are told of Workflows and of templates', () => {
    const spec = applied('env: {on: x}');
    expect(warnWorkflow({ metadata: {}, spec }).map(({ path }) => path)).toContain('spec.tasks[0].env.true');
    expect(warnTemplate({ metadata: {}, spec }).map(({ path }) => path)).toContain('spec.tasks[0].env.true');
  });

  it('are not without end, however many and deep the values are', () => {
    const items = Array.from({ length: 5000 }, () => ({ true: 1 }));
    const tasks = [{ name: 'a', run: 'true', forEach: { items } }];
    expect(spellingWarnings({ metadata: {}, spec: { tasks } }).length).toBeLessThan(100);
    let deep: unknown = {};
    for (let depth = 0; depth < 50_000; depth++) deep = [deep];
    const nested = [{ name: 'a', run: 'true', forEach: { items: [deep] } }];
    expect(spellingWarnings({ metadata: {}, spec: { tasks: nested } })).toEqual([]);
  });
});
