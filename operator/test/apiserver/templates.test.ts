import { describe, expect, it } from 'vitest';
import { API_VERSION } from '../../src/api/index.ts';
import { type Output, useApiServer } from '../support/control-plane.ts';

const api = useApiServer();

const TASK = { name: 'build', run: 'true' };
const template = (spec: object = {}, metadata: object = { name: 'deploy' }, kind = 'WorkflowTemplate') => ({
  apiVersion: API_VERSION,
  kind,
  metadata,
  spec: { version: '1.0.0', tasks: [TASK], ...spec },
});
const cluster = (name: string) => template({}, { name }, 'ClusterWorkflowTemplate');

const apply = (namespace: string, object: unknown): Promise<Output> =>
  api.kubectl(['apply', '-n', namespace, '--validate=strict', '-f', '-'], object);

describe('templates on a real API server', () => {
  it('are taken with all that they can say, in a namespace and in the cluster', async () => {
    const namespace = await api.namespace();
    const spec = {
      version: '2.1.0-rc.1+build.7',
      description: 'Ships it.',
      parameters: [{ name: 'image' }, { name: 'replicas', type: 'Integer', default: 1 }],
      defaults: { image: 'busybox:1.36', retry: { limit: 1 } },
      tasks: [
        TASK,
        { name: 'inner', template: { name: 'other', version: '1.0.0' }, with: { a: '${{ params.image }}' } },
      ],
      outputs: [{ name: 'n', type: 'Integer', value: 'params.replicas + 1' }],
    };
    expect(await apply(namespace, template(spec))).toMatchObject({ code: 0 });
    const stored = JSON.parse(await api.run(['get', '-n', namespace, 'awt', 'deploy', '-o', 'json']));
    expect(stored.spec).toEqual(spec);
    expect(await apply(namespace, cluster('everywhere'))).toMatchObject({ code: 0 });
    const row = await api.run(['get', 'acwt', 'everywhere', '--no-headers']);
    expect(row).toMatch(/^everywhere +1\.0\.0 +/);
    const head = (await api.run(['get', '-n', namespace, 'awt'])).split('\n')[0]?.split(/\s+/);
    expect(head).toEqual(['NAME', 'VERSION', 'READY', 'REASON', 'AGE']);
    expect(await api.run(['get', '-n', namespace, 'ado', '-o', 'name'])).toContain('workflowtemplate');
  });

  it.each<[string, object, string]>([
    ['a template without a version', template({ version: undefined }), 'spec.version: Required value'],
    ['a version of two parts', template({ version: '12.40' }), 'write a version like 1.2.0 or 2.0.0-rc.1'],
    ['a version with a leading zero', template({ version: '1.02.0' }), 'write a version like 1.2.0'],
    ['a template without tasks', template({ tasks: [] }), 'spec.tasks'],
    ['two tasks of one name', template({ tasks: [TASK, TASK] }), 'spec.tasks[1]: Duplicate value'],
    ['a field that does not exist', template({ finally: [TASK] }), 'unknown field "spec.finally"'],
    ['an output without a value', template({ outputs: [{ name: 'a' }] }), 'spec.outputs[0].value: Required value'],
    ['a long name', template({}, { name: 't'.repeat(64) }), 'has at most 63 characters'],
    ['a long name in the cluster', cluster('c'.repeat(64)), 'the name of a ClusterWorkflowTemplate has at most 63'],
  ])('refuse %s, and say why', async (_what, object, message) => {
    const { code, stderr } = await apply(await api.namespace(), object);
    expect(code).not.toBe(0);
    expect(stderr).toContain(message);
  });
});
