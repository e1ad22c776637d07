import { describe, expect, it } from 'vitest';
import { API_VERSION, type WorkflowSpec } from '../../api/index.ts';
import { MAX_WARNINGS, warnTemplate, warnWorkflow } from './warnings.ts';

const TASKS = [{ name: 'a', image: 'i', run: 'true' }];
const METADATA = { name: 'release', namespace: 'team-a' };
const warned = (spec: Partial<WorkflowSpec>, metadata: object = METADATA) =>
  warnWorkflow({ metadata, spec: { tasks: TASKS, ...spec } });
const texts = (spec: Partial<WorkflowSpec>, metadata?: object) =>
  warned(spec, metadata).map(({ path, message }) => `${path}: ${message}`);

describe('a Workflow without a trigger', () => {
  it('is told how a run of it is started, as a command that can be copied', () => {
    const run = `{"apiVersion":"${API_VERSION}","kind":"WorkflowRun","metadata":{"generateName":"release-"},"spec":{"workflowRef":{"name":"release"}}}`;
    const start = 'no trigger starts this Workflow; start a run by hand (docs/guides/run-by-hand.md)';
    expect(texts({})).toEqual([`spec.triggers: ${start}: echo '${run}' | kubectl create -n team-a -f -`]);
    for (const triggers of [{}, { webhooks: [], schedules: [], completions: [] }]) {
      expect(texts({ triggers })).toHaveLength(1);
    }
  });

  it('is told which parameters a run must be given', () => {
    const valueFrom = { configMapKeyRef: { name: 'c', key: 'k' } };
    const parameters = [{ name: 'version' }, { name: 'size', default: 1 }, { name: 'region', valueFrom }];
    expect(texts({ parameters })[0]).toContain('"parameters":[{"name":"version","value":"VALUE"}]');
  });

  it.each([
    ['a name that is to be generated', { generateName: 'w-' }],
    ['a name that a shell would take for more', { name: "w';rm -rf /;'", namespace: '$(id)' }],
  ])('has places to fill in for %s', (_what, metadata) => {
    const [text] = texts({}, metadata);
    expect(text).toContain('"workflowRef":{"name":"NAME"}');
    expect(text).toContain('kubectl create -n NAMESPACE -f -');
  });
});

describe('a Workflow with a trigger', () => {
  it.each<[string, WorkflowSpec['triggers']]>([
    ['a change', { onChange: { of: ['Tasks'] } }],
    ['a schedule', { schedules: [{ name: 's', cron: '0 3 * * *' }] }],
    ['the end of another run', { completions: [{ name: 'c', workflow: 'other' }] } as WorkflowSpec['triggers']],
  ])('gets no warning: %s', (_what, triggers) => {
    expect(texts({ triggers })).toEqual([]);
  });
});

describe('warnings', () => {
  it('of a template are about no trigger', () => {
    expect(warnTemplate({ metadata: METADATA, spec: { tasks: TASKS } })).toEqual([]);
  });

  it('are one line each, and not without end', () => {
    const env = Object.fromEntries(Array.from({ length: 2 * MAX_WARNINGS }, (_, at) => [`V${at}`, '{{ params.x }}']));
    const all = warned({ tasks: [{ name: 'a', image: 'i', run: 'true', env }] });
    expect(all).toHaveLength(MAX_WARNINGS + 1);
    expect(all.at(-1)).toEqual({ path: 'spec', message: `${MAX_WARNINGS + 1} more warnings are not shown` });
    expect(all.every(({ message }) => !message.includes('\n'))).toBe(true);
  });

  it('of an object that is looked at again are not looked for again', () => {
    const workflow = { metadata: METADATA, spec: { tasks: TASKS } };
    expect(warnWorkflow(workflow)).toBe(warnWorkflow(workflow));
  });
});
