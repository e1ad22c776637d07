import { describe, expect, it } from 'vitest';
import type { Task } from '../../api/index.ts';
import { visibleTask } from './visible.ts';

const outputs = (task: Omit<Task, 'name'>) => visibleTask({ name: 't', ...task }).outputs;

describe('what other tasks may read of a task', () => {
  it('are its declared outputs', () => {
    expect(visibleTask({ name: 't', run: 'true', outputs: [{ name: 'a' }, { name: 'n', type: 'Integer' }] })).toEqual({
      outputs: { a: 'String', n: 'Integer' },
      fannedOut: false,
    });
    expect(outputs({ sleep: { duration: '1s' } })).toEqual({});
  });

  it('is what its action hands on, in the declared types if there are any', () => {
    const declared = [{ name: 'sum', type: 'Integer' as const }];
    expect(outputs({ compute: { sum: '1', all: '[1]' }, outputs: declared })).toEqual({ sum: 'Integer', all: 'Any' });
    const ofHttp = { status: 'Integer', body: 'String', json: 'Any', truncated: 'Boolean' };
    expect(outputs({ http: { url: 'https://a' } })).toEqual(ofHttp);
    expect(outputs({ workflow: { name: 'w' } })).toEqual({ run: 'String', status: 'String' });
    const resource = { manifest: {}, outputs: { sum: 'object.a', other: 'object.b' } };
    expect(outputs({ resource, outputs: declared })).toEqual({ sum: 'Integer', other: 'Any' });
  });

  it('are the outputs of its template, a list of them with forEach', () => {
    const library = { 'Local/a@': { tasks: [], outputs: [{ name: 'url', value: '"x"' }] } };
    const task: Task = { name: 't', template: { name: 'a', kind: 'Local' }, forEach: { items: [1] } };
    expect(visibleTask(task, library)).toEqual({ outputs: { url: 'String' }, fannedOut: true, items: 1 });
  });

  it('is not known of tasks that are generated, nor of a template that is not there', () => {
    const any = { outputs: {}, any: true, fannedOut: false };
    expect(visibleTask({ name: 't', generate: { tasks: '[]' } })).toEqual(any);
    expect(visibleTask({ name: 't', template: { name: 'a', kind: 'WorkflowTemplate' } })).toEqual(any);
  });

  it('is of a loop the state at its end besides the outputs of its last iteration', () => {
    const loop = { state: { cursor: '""' }, until: 'true' };
    expect(outputs({ run: 'true', outputs: [{ name: 'n' }], loop })).toEqual({ n: 'String', cursor: 'Any' });
    expect(outputs({ run: 'true', loop: { until: 'true' } })).toEqual({});
  });
});
