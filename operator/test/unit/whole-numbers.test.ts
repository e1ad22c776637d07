/** Every door by which a value comes in. Behind each, a whole number is the one that was written, or nothing runs. */
import { describe, expect, it } from 'vitest';
import type { Parameter, TemplateBody, WorkflowSpec } from '../../src/api/index.ts';
import { renderTask } from '../../src/engine/bindings/render.ts';
import { readForm, resolveParameters, triggerParameters } from '../../src/engine/index.ts';
import { validateTemplate, validateWorkflow } from '../../src/engine/validate/index.ts';
import { parseOutputs } from '../../src/engine/values/outputs.ts';
import { parseJson } from '../../src/runtime/response.ts';
import { outputsOf } from '../../src/web/index.ts';
import { parseBody, parseSigned } from '../../src/webhooks/body.ts';

const DIGITS = '1234567890123456789';
/** What JSON.parse makes of them. */
const ROUNDED = '1234567890123456800';
const LIST = `[${DIGITS}, 7]`;
const OBJECT = `{"id": ${DIGITS}}`;

const outputs = (text: string, type: Parameter['type']) =>
  parseOutputs(text, [{ name: 'v', type: type as 'String' }]) as unknown;
const given = (value: string, type: Parameter['type']) =>
  resolveParameters([{ name: 'v', type }], [{ name: 'v', value }]);
const read = (value: string, type: Parameter['type']) =>
  resolveParameters([{ name: 'v', type }], [], new Map([['v', value]]));
const body = (text: string, contentType = 'application/json') => parseBody(Buffer.from(text), contentType);
const triggered = (text: string, type: Parameter['type']) => {
  const request = body(`{"v": ${text}}`);
  if (!('body' in request)) throw new Error(request.detail);
  return triggerParameters({ v: '${{ body.v }}' }, [{ name: 'v', type }], { body: request.body });
};
const handedOn = () => {
  const parsed = parseOutputs(`{"v": ${LIST}}`, [{ name: 'v', type: 'List' }]);
  const tasks = { a: { outputs: 'outputs' in parsed ? parsed.outputs : {}, status: 'Succeeded' } };
  const run = { name: '', uid: '', namespace: '', workflow: '' };
  const task = {
    name: 'b',
    run: 'true',
    image: 'i',
    env: { V: '${{ tasks.a.outputs.v }}', W: '${{ tasks.a.outputs.v[0] }}' },
  };
  return renderTask(task, undefined, { params: {}, tasks, run });
};
const answered = () =>
  outputsOf({ status: 200, contentType: 'application/json', body: Buffer.from(OBJECT), isWhole: true });

describe(`the number ${DIGITS}`, () => {
  it.each<[string, () => unknown]>([
    ['an output, as a line', () => outputs(`v=${DIGITS}`, 'String')],
    ['an output, as JSON', () => outputs(`{"v": ${DIGITS}}`, 'String')],
    ['an output of the type List, as a line', () => outputs(`v=${LIST}`, 'List')],
    ['an output of the type List, as JSON', () => outputs(`{"v": ${LIST}}`, 'List')],
    ['an output of the type Object', () => outputs(`{"v": ${OBJECT}}`, 'Object')],
    ['an output that the next task reads', handedOn],
    ['the answer to an HTTP request', answered],
    ['the object that a resource task reads', () => parseJson(OBJECT, 'Exact')],
    ['a webhook: JSON', () => body(OBJECT)],
    ['a webhook: JSON that is signed', () => parseSigned(Buffer.from(OBJECT))],
    ['a webhook: JSON in a form', () => body(`payload=${OBJECT}`, 'application/x-www-form-urlencoded')],
    ['a parameter from a webhook', () => triggered(DIGITS, 'String')],
    ['a parameter from a webhook, of the type List', () => triggered(LIST, 'List')],
    ['a parameter of a run', () => given(DIGITS, 'String')],
    ['a parameter of a run, of the type List', () => given(LIST, 'List')],
    ['a parameter of a run, of the type Object', () => given(OBJECT, 'Object')],
    ['a parameter from a ConfigMap', () => read(LIST, 'List')],
    ['a value of a signal', () => readForm([{ name: 'v', type: 'Object' }], { v: OBJECT })],
  ])('stays itself behind this door: %s', (_door, enter) => {
    const text = JSON.stringify(enter());
    expect(text).toContain(DIGITS);
    expect(text).not.toMatch(/failure|problem|message/);
  });

  it.each<[string, () => unknown]>([
    ['an output', () => outputs(`v=${DIGITS}`, 'Integer')],
    ['an output, as JSON', () => outputs(`{"v": ${DIGITS}}`, 'Number')],
    ['a parameter from a webhook', () => triggered(DIGITS, 'Integer')],
    ['a parameter of a run', () => given(DIGITS, 'Integer')],
    ['a parameter of a run, of the type Number', () => given(DIGITS, 'Number')],
    ['a parameter from a ConfigMap', () => read(DIGITS, 'Number')],
    ['a value of a signal', () => readForm([{ name: 'v', type: 'Integer' }], { v: DIGITS })],
  ])('is refused as a number, with the limit and the type that keeps it: %s', (_door, enter) => {
    const text = JSON.stringify(enter());
    expect(text).toContain(DIGITS);
    expect(text).toContain('±9007199254740991');
    expect(text).toContain('String');
    expect(text).not.toContain(ROUNDED);
  });
});

const TASK = { name: 'a', image: 'i', run: 'true' };
/** As our kinds come from the API server. */
const ofServer = <T>(text: string): T => JSON.parse(text) as T;
const parameter = (more: string) => `"parameters": [{"name": "v", ${more}}]`;
const inTask = (more: string) => `"tasks": [{"name": "b", "image": "i", "run": "true", ${more}}]`;

const FIELDS: [field: string, body: string][] = [
  ['parameters[0].default', parameter(`"type": "Integer", "default": ${DIGITS}`)],
  ['parameters[0].default', parameter(`"type": "Number", "default": ${DIGITS}`)],
  ['parameters[0].default', parameter(`"type": "List", "default": ${LIST}`)],
  ['parameters[0].default', parameter(`"type": "Object", "default": ${OBJECT}`)],
  ['parameters[0].enum[1]', parameter(`"type": "Integer", "enum": [1, ${DIGITS}]`)],
  ['tasks[0].forEach.items[0]', inTask(`"forEach": {"items": ${LIST}}`)],
  ['tasks[0].forEach.items[0].id', inTask(`"forEach": {"items": [${OBJECT}]}`)],
  ['tasks[0].forEach.matrix.axes.x[0]', inTask(`"forEach": {"matrix": {"axes": {"x": ${LIST}}}}`)],
  [
    'tasks[0].forEach.matrix.include[0].id',
    inTask(`"forEach": {"matrix": {"axes": {"x": [1]}, "include": [${OBJECT}]}}`),
  ],
  [
    'tasks[0].forEach.matrix.exclude[0].x',
    inTask(`"forEach": {"matrix": {"axes": {"x": [1]}, "exclude": [{"x": ${DIGITS}}]}}`),
  ],
  ['tasks[0].volumes[0].a', inTask(`"volumes": [{"name": "v", "a": ${DIGITS}}]`)],
  [
    'tasks[0].resource.manifest.spec.n',
    `"tasks": [{"name": "b", "resource": {"manifest": {"apiVersion": "v1", "kind": "K", "metadata": {"name": "n"}, "spec": {"n": ${DIGITS}}}}}]`,
  ],
  ['defaults.volumes[0].a', `"defaults": {"volumes": [{"name": "v", "a": ${DIGITS}}]}`],
];

describe('a definition with a whole number that the API server keeps and JSON does not', () => {
  const words = (problems: readonly { path: string; message: string }[], path: string) =>
    problems.filter((problem) => problem.path.endsWith(path)).map(({ message }) => message);
  const refusal = /about 1234567890123456800 is beyond ±9007199254740991, .*quote it/;

  it.each(FIELDS)('is refused at its field: spec.%s', (field, fields) => {
    const spec = ofServer<WorkflowSpec>(`{"tasks": [${JSON.stringify(TASK)}], ${fields}}`);
    expect(words(validateWorkflow(spec), `spec.${field}`)).toEqual([expect.stringMatching(refusal)]);
  });

  it.each(FIELDS)('is refused in a template: %s', (field, fields) => {
    const template = ofServer<TemplateBody>(`{"tasks": [${JSON.stringify(TASK)}], ${fields}}`);
    const inside = { tasks: [TASK], templates: [{ name: 't', ...template }] } as WorkflowSpec;
    expect(words(validateWorkflow(inside), `spec.templates[0].${field}`)).toEqual([expect.stringMatching(refusal)]);
    expect(words(validateTemplate(template, 'WorkflowTemplate'), field)).toEqual([expect.stringMatching(refusal)]);
  });

  it.each(FIELDS)('runs with the number in quotes, or is refused for its type alone: %s', (_field, fields) => {
    const quoted = fields.replaceAll(DIGITS, `"${DIGITS}"`);
    const spec = ofServer<WorkflowSpec>(`{"tasks": [${JSON.stringify(TASK)}], ${quoted}}`);
    const all = validateWorkflow(spec).map(({ message }) => message);
    expect(all.filter((message) => message.includes('about'))).toEqual([]);
  });
});

describe('a String that YAML took for something else', () => {
  it.each([
    ['1.10', 1.1],
    ['007', 7],
    ['0123', 83],
    ['no', false],
  ])('and that was written %s is refused as a default and as a choice, with the quotes to write', (_written, value) => {
    const parameters = [{ name: 'v', default: value, enum: [value] }];
    const told = validateWorkflow({ parameters, tasks: [TASK] }).map(({ path, message }) => `${path}: ${message}`);
    expect(told).toEqual([
      expect.stringMatching(/^spec\.parameters\[0\]\.default: .*loses the spelling.*quote it: "/),
      expect.stringMatching(/^spec\.parameters\[0\]\.enum\[0\]: .*quote it: "/),
    ]);
  });

  it.each(['1.10', '007', '0123', 'no'])('keeps its spelling where Ado reads the text itself: %s', (text) => {
    expect(given(text, 'String')).toEqual({ values: { v: text } });
    expect(read(text, 'String')).toEqual({ values: { v: text } });
    expect(outputs(`v=${text}`, 'String')).toEqual({ outputs: { v: text } });
  });

  it('keeps it in the JSON of a task, too', () => {
    expect(outputs('{"v": 1.10}', 'String')).toEqual({ outputs: { v: '1.10' } });
    expect(outputs('{"v": false}', 'String')).toEqual({ outputs: { v: 'false' } });
  });
});
