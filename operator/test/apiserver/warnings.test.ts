/** What `kubectl apply` is told while no webhook answers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IN_CLUSTER, policies } from '../../hack/generate/admission.ts';
import { API_VERSION } from '../../src/api/index.ts';
import { type Output, useApiServer } from '../support/control-plane.ts';
import { waitFor } from '../support/wait-for.ts';

const api = useApiServer();
const POLICY = 'ado-manual-workflows';
const TASKS = [{ name: 'build', run: 'true' }];
const workflow = (spec: object = {}, name = 'release') => ({
  apiVersion: API_VERSION,
  kind: 'Workflow',
  metadata: { name },
  spec: { tasks: TASKS, ...spec },
});
const apply = (namespace: string, object: unknown, ...more: string[]): Promise<Output> =>
  api.kubectl(['apply', '-n', namespace, ...more, '-f', '-'], object);

beforeAll(async () => {
  const items = policies(IN_CLUSTER).filter(
    (item) => (item as { metadata: { name: string } }).metadata.name === POLICY,
  );
  await api.run(['apply', '--server-side', '-f', '-'], { apiVersion: 'v1', kind: 'List', items });
  await waitFor('the API server asks the policy', async () => {
    const { stderr } = await apply('default', workflow({}, 'probe'), '--dry-run=server');
    return stderr.includes('no trigger starts');
  });
});
afterAll(async () => {
  await api.run(['delete', 'validatingadmissionpolicybinding,validatingadmissionpolicy', POLICY, '--ignore-not-found']);
});

describe('a Workflow that nothing starts', () => {
  it('is taken with a warning, whose command starts a run', async () => {
    const namespace = await api.namespace();
    const { code, stderr } = await apply(namespace, workflow());
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('Warning: ') });
    const [, run, rest] = /\(docs\/guides\/run-by-hand\.md\): echo '(.*)' \| (.*)/.exec(stderr) ?? [];
    expect(rest).toBe(`kubectl create -n ${namespace} -f -`);
    const created = await api.run(['create', '-n', namespace, '-o', 'name', '-f', '-'], run);
    expect(created).toMatch(/^workflowrun\.flow\.ado\.dev\/release-/);
  });

  it('is not warned of again while it says the same', async () => {
    const namespace = await api.namespace();
    await apply(namespace, workflow());
    const labelled = await api.kubectl(['label', '-n', namespace, 'awf', 'release', 'team=a']);
    expect(labelled).toMatchObject({ code: 0, stderr: '' });
    expect((await apply(namespace, workflow({ timeout: '5m' }))).stderr).toContain('no trigger starts');
  });

  it.each<[string, object]>([
    ['a change starts it', { triggers: { onChange: { of: ['Tasks'] } } }],
    ['a schedule starts it', { triggers: { schedules: [{ name: 'nightly', cron: '0 3 * * *' }] } }],
    ['the end of another starts it', { triggers: { completions: [{ name: 'after', workflow: 'other' }] } }],
    ['the webhook has answered', { writer: { username: 'ada' } }],
  ])('is another one: %s', async (_what, spec) => {
    const { code, stderr } = await apply(await api.namespace(), workflow(spec));
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: '' });
  });
});
