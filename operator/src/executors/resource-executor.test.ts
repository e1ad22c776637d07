import { describe, expect, it } from 'vitest';
import type { Json, RenderedResource, ResourceAction, Task } from '../api/index.ts';
import { ApiError, type KubeObject } from '../runtime/index.ts';
import { ResourceExecutor } from './resource-executor.ts';
import { FakeObjects, movableClock } from './testing/fake-objects.ts';

const run = { name: 'r', namespace: 'n', uid: 'u', workflow: 'w' };
const MANIFEST = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: '1' } };
const CORE = {
  resources: [
    { name: 'configmaps', kind: 'ConfigMap', namespaced: true },
    { name: 'namespaces', kind: 'Namespace', namespaced: false },
  ],
};

/** `a.b.c` as a path into the object, and `a.b == 'x'`: as much of CEL as these tests need. */
function evaluate(source: string, bindings: { readonly object: Json }): Json {
  const [path = '', wanted] = source.split(' == ');
  let value: Json = bindings as unknown as Json;
  for (const name of path.split('.')) {
    const inside: Json | undefined = (value as Record<string, Json>)[name];
    if (inside === undefined) throw new Error(`no such key: ${name}`);
    value = inside;
  }
  return wanted === undefined ? value : value === JSON.parse(wanted);
}

function setUp(
  action: Partial<ResourceAction> = {},
  manifest: Record<string, Json> = MANIFEST,
  more: Partial<Task> = {},
) {
  const server = new FakeObjects();
  server.raw.set('/api/v1', CORE);
  const clock = movableClock();
  const woken: string[] = [];
  const wake = ({ name }: typeof run) => void woken.push(name);
  const options = { client: server.client, clock, namespace: 'ado-system', evaluate, wake };
  const rendered: RenderedResource = { backend: 'Resource', manifest };
  const task: Task = { name: 't', resource: { manifest, ...action }, ...more };
  const request = { path: 't', attempt: 0, task, defaults: undefined, rendered };
  const live = { path: 't', attempt: 0, backend: 'Resource', task, rendered } as const;
  const executor = new ResourceExecutor(options);
  const object = (name = 'n/c') => server.objects.get(name) as KubeObject & Record<string, unknown>;
  const look = async (by = executor) => (await by.observe(run, [live])).seen[0]?.observation;
  return { server, clock, woken, options, request, live, executor, object, look };
}

describe('applying an object', () => {
  it('is done as the service account, in the namespace of the run, and wakes the run', async () => {
    const at = setUp({ serviceAccountName: 'deployer' });
    expect(await at.executor.start(run, at.request)).toBeUndefined();
    expect(at.object()).toMatchObject({ ...MANIFEST, metadata: { name: 'c', namespace: 'n' } });
    expect(at.object().metadata.labels).toBeUndefined();
    const applies = at.server.calls.filter(({ verb }) => verb === 'patch');
    expect(applies).toMatchObject([{ as: 'of-deployer', body: { kind: 'apply', force: false }, manager: 'ado:n/w/t' }]);
    expect(at.woken).toEqual(['r']);
  });

  it.each([
    ['of the resource', { serviceAccountName: 'a' }, { serviceAccountName: 'b' }, { serviceAccountName: 'c' }, 'of-a'],
    ['of the task', {}, { serviceAccountName: 'b' }, { serviceAccountName: 'c' }, 'of-b'],
    ['of the defaults', {}, {}, { serviceAccountName: 'c' }, 'of-c'],
    ['named default', {}, {}, {}, 'of-default'],
  ] as const)('takes the service account %s', async (_name, action, task, defaults, as) => {
    const at = setUp(action, MANIFEST, task);
    await at.executor.start(run, { ...at.request, defaults });
    expect(at.server.calls.at(-1)).toMatchObject({ verb: 'patch', as });
  });

  it('asks for a token once, again when most of its life is over, and again when it is refused', async () => {
    const at = setUp();
    const tokens = () => at.server.on('create').length;
    for (const _ of [1, 2]) await at.executor.start(run, at.request);
    expect(tokens()).toBe(1);
    at.clock.move(490_000);
    await at.executor.start(run, at.request);
    expect(tokens()).toBe(2);
    at.server.refusals.push(new ApiError(401, { reason: 'Unauthorized' }));
    expect(await at.executor.start(run, at.request)).toBeUndefined();
    expect(tokens()).toBe(3);
  });

  it('addresses a kind without namespaces, and another namespace, as the manifest says', async () => {
    const cluster = setUp({}, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'new' } });
    await cluster.executor.start(run, cluster.request);
    expect(cluster.object('new').metadata.namespace).toBeUndefined();
    const other = setUp({}, { ...MANIFEST, metadata: { name: 'c', namespace: 'other' } });
    await other.executor.start(run, other.request);
    expect(other.object('other/c')).toBeDefined();
  });

  it.each([
    ['no kind', { apiVersion: 'v1', metadata: { name: 'c' } }, 'resource.manifest.kind is missing'],
    ['no name', { apiVersion: 'v1', kind: 'ConfigMap' }, 'resource.manifest.metadata.name is missing'],
    ['a name to be made up', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'c-' } }, 'generateName'],
    ['a name that is a path', { ...MANIFEST, metadata: { name: 'c/status' } }, 'metadata.name is "c/status"'],
    ['a version that is a path', { ...MANIFEST, apiVersion: '../../api/v1' }, 'apiVersion is "../../api/v1"'],
    ['a kind that is none', { ...MANIFEST, kind: 'Config Map' }, 'kind is "Config Map"'],
    ['a namespace that is a path', { ...MANIFEST, metadata: { name: 'c', namespace: 'a/../b' } }, 'metadata.namespace'],
    [
      'the namespace of Kubernetes',
      { ...MANIFEST, metadata: { name: 'c', namespace: 'kube-system' } },
      'objects cannot be applied',
    ],
    [
      'our own namespace',
      { ...MANIFEST, metadata: { name: 'c', namespace: 'ado-system' } },
      'objects cannot be applied',
    ],
  ])('is refused for a manifest with %s', async (_name, manifest, says) => {
    const at = setUp({}, manifest as unknown as Record<string, Json>);
    const refusal = await at.executor.start(run, at.request);
    expect(refusal).toMatchObject({ reason: 'ManifestInvalid', retry: false, message: expect.stringContaining(says) });
    expect(at.server.calls).toEqual([]);
  });

  it('waits for a kind that is not served yet', async () => {
    const at = setUp({}, { ...MANIFEST, kind: 'Widget' });
    const refusal = await at.executor.start(run, at.request);
    expect(refusal).toMatchObject({ reason: 'ResourceRejected', retry: true, message: expect.stringContaining('CRD') });
  });

  const FORBIDDEN = 'configmaps "c" is forbidden: User "system:serviceaccount:n:default" cannot patch resource';
  it.each([
    ['the account lacks a right', 403, FORBIDDEN, 'ResourceForbidden', false, 'grant system:serviceaccount:n:default'],
    ['a quota is used up', 403, 'configmaps "c" is forbidden: exceeded quota: q', 'Quota', true, 'quota'],
    ['it is invalid', 422, 'ConfigMap "c" is invalid: data: too long', 'ResourceRejected', false, 'data: too long'],
    [
      'a field is unknown',
      500,
      'failed to create typed patch object: .date: field not',
      'ResourceRejected',
      false,
      'date',
    ],
    ['its namespace is missing', 404, 'namespaces "n" not found', 'ResourceRejected', false, 'does the namespace'],
  ] as const)('is refused in so many words when %s', async (_name, status, message, reason, retry, says) => {
    const at = setUp();
    await at.executor.start(run, at.request);
    at.server.refusals.push(new ApiError(status, { message }));
    expect(await at.executor.start(run, at.request)).toMatchObject({
      ...{ phase: 'Refused', reason, retry },
      message: expect.stringContaining(says),
    });
  });

  it.each(['kube-system', 'kube-public', 'ado-system'])(
    'is refused in %s, whatever RBAC says, and before anything is asked',
    async (namespace) => {
      const at = setUp();
      const there = { ...run, namespace };
      expect(await at.executor.start(there, at.request)).toMatchObject({
        ...{ reason: 'ResourceForbidden', retry: false },
        message: expect.stringContaining(`the operator does not act as service accounts in ${namespace}`),
      });
      const { seen } = await at.executor.observe(there, [at.live]);
      expect(seen[0]?.observation).toMatchObject({ phase: 'Failed', reason: 'ResourceForbidden' });
      await at.executor.cancel(there, at.live);
      expect(at.server.calls).toEqual([]);
    },
  );

  it('ends at once where the namespace does not let us act as the account, and says how it would', async () => {
    const at = setUp({ serviceAccountName: 'deployer' });
    const user = 'User "system:serviceaccount:ado-system:ado-operator" cannot create resource "serviceaccounts/token"';
    at.server.refusals.push(new ApiError(403, { message: `serviceaccounts "deployer" is forbidden: ${user}` }));
    const refusal = await at.executor.start(run, at.request);
    expect(refusal).toMatchObject({ reason: 'ResourceForbidden', retry: false });
    expect(refusal).toHaveProperty(
      'message',
      'resource.serviceAccountName: the operator may not act as deployer in n until the owner of the namespace runs: ' +
        'kubectl create role ado-as-deployer -n n --verb=create --resource=serviceaccounts/token ' +
        '--resource-name=deployer && kubectl create rolebinding ado-as-deployer -n n --role=ado-as-deployer ' +
        '--serviceaccount=ado-system:ado-operator',
    );
    expect(at.server.objects.size).toBe(0);
  });

  it('waits for a service account that is missing, and is tried again when the server is not well', async () => {
    const at = setUp();
    at.server.refusals.push(new ApiError(404, { message: 'serviceaccounts "default" not found' }));
    expect(await at.executor.start(run, at.request)).toMatchObject({ reason: 'ResourceForbidden', retry: true });
    await at.executor.start(run, at.request);
    at.server.refusals.push(new ApiError(500, { message: 'etcd' }));
    await expect(at.executor.start(run, at.request)).rejects.toThrow('etcd');
  });
});

describe('fields that others own', () => {
  const conflict = (manager: string, field = '.data.a') =>
    new ApiError(409, {
      ...{ reason: 'Conflict', message: 'Apply failed with 1 conflict' },
      details: { causes: [{ reason: 'FieldManagerConflict', message: `conflict with "${manager}" using v1`, field }] },
    });
  const forced = ({ server }: ReturnType<typeof setUp>) =>
    server.calls.flatMap(({ verb, body }) => (verb === 'patch' ? [(body as { force: boolean }).force] : []));

  it('end the task, with their names, whose they are and what to do', async () => {
    const at = setUp();
    await at.executor.start(run, at.request);
    at.server.refusals.push(conflict('kubectl-edit'));
    expect(await at.executor.start(run, at.request)).toEqual({
      ...{ phase: 'Refused', reason: 'ResourceConflict', retry: false },
      message:
        'conflict with other field managers: .data.a ("kubectl-edit" using v1); ' +
        'remove the fields from the manifest, or take them over with resource.conflict: Force',
    });
    expect(forced(at)).toEqual([false, false]);
  });

  it('are taken over where the task says so', async () => {
    const at = setUp({ conflict: 'Force' });
    expect(await at.executor.start(run, at.request)).toBeUndefined();
    expect(forced(at)).toEqual([true]);
  });

  it('are taken over from the operator before this one, which applied for all tasks by one name', async () => {
    const at = setUp();
    await at.executor.start(run, at.request);
    at.server.refusals.push(conflict('ado-resource'));
    expect(await at.executor.start(run, at.request)).toBeUndefined();
    expect(forced(at)).toEqual([false, false, true]);
  });

  it('are no matter of a conflict about the version of the object, which is tried again', async () => {
    const at = setUp();
    await at.executor.start(run, at.request);
    at.server.refusals.push(new ApiError(409, { reason: 'Conflict', message: 'the object has been modified' }));
    expect(await at.executor.start(run, at.request)).toMatchObject({ reason: 'ResourceConflict', retry: true });
  });
});

describe('waiting for an object', () => {
  it('ends at once without a condition, from the answer of the apply alone', async () => {
    const at = setUp({ outputs: { value: 'object.data.a' } });
    await at.executor.start(run, at.request);
    expect(await at.look()).toMatchObject({ phase: 'Succeeded', outputs: { value: '1' } });
    expect(at.server.on('get')).toEqual([]);
  });

  it('reads every whole number of the object as it was written, whether it was applied or asked for', async () => {
    const at = setUp({ successWhen: 'object.status.phase == "Ready"' });
    await at.executor.start(run, at.request);
    await at.look();
    at.clock.move(2_000);
    await at.look();
    const reads = at.server.calls.filter(({ verb, name }) => (verb === 'get' || verb === 'patch') && name === 'c');
    expect(reads.map(({ verb, numbers }) => [verb, numbers])).toEqual([
      ['patch', 'Exact'],
      ['get', 'Exact'],
    ]);
  });

  it('looks after two seconds, then ever more rarely, and sees a condition that has no value yet as false', async () => {
    const at = setUp({ successWhen: 'object.status.phase == "Ready"', failWhen: 'object.status.phase == "Broken"' });
    await at.executor.start(run, at.request);
    expect(await at.executor.observe(run, [at.live])).toMatchObject({
      seen: [{ observation: { phase: 'Running' } }],
      recheckAfter: 2000,
    });
    const waits: (number | undefined)[] = [];
    for (let look = 0; look < 9; look++) {
      const { recheckAfter = 0 } = await at.executor.observe(run, [at.live]);
      waits.push(recheckAfter);
      await at.executor.observe(run, [at.live]);
      at.clock.move(recheckAfter);
    }
    expect(waits).toEqual([...waits].sort((a = 0, b = 0) => a - b));
    expect(waits.at(-1)).toBe(15_000);
    expect(at.server.on('get').length).toBe(8);
    at.object().status = { phase: 'Ready' };
    expect(await at.look()).toMatchObject({ phase: 'Succeeded' });
  });

  it('fails when failWhen is true, also if successWhen is', async () => {
    const at = setUp({ successWhen: 'object.data.a == "1"', failWhen: 'object.data.a == "1"' });
    await at.executor.start(run, at.request);
    expect(await at.look()).toMatchObject({ phase: 'Failed', cause: 'User', reason: 'ResourceFailed' });
  });

  it('goes on after a restart, and fails when the object is gone or may not be read', async () => {
    const at = setUp({ successWhen: 'object.data.a == "2"' });
    await at.executor.start(run, at.request);
    const restarted = new ResourceExecutor(at.options);
    expect(await at.look(restarted)).toMatchObject({ phase: 'Running' });
    at.clock.move(20_000);
    at.server.objects.clear();
    expect(await at.look(restarted)).toMatchObject({ phase: 'Failed', reason: 'ResourceDeleted' });
  });

  it('fails for outputs that have no value or are too large', async () => {
    const missing = setUp({ outputs: { value: 'object.data.none' } });
    await missing.executor.start(run, missing.request);
    expect(await missing.look()).toMatchObject({ reason: 'ExpressionError', message: expect.stringContaining('none') });
    const large = setUp({ outputs: { value: 'object.data.a' } }, { ...MANIFEST, data: { a: 'x'.repeat(5000) } });
    await large.executor.start(run, large.request);
    expect(await large.look()).toMatchObject({ reason: 'OutputsTooLarge' });
  });
});

describe('deleting an object', () => {
  const waits = { successWhen: 'object.data.a == "2"' };

  it('is done on a stop where the task says so, and the attempt is over in either case', async () => {
    for (const [deletion, left] of [
      ['Never', 1],
      ['OnStop', 0],
      ['Always', 0],
    ] as const) {
      const at = setUp({ ...waits, delete: deletion });
      await at.executor.start(run, at.request);
      await at.executor.cancel(run, at.live);
      await at.executor.cancel(run, at.live);
      expect(at.server.objects.size).toBe(left);
      expect(await at.look()).toMatchObject({ phase: 'Failed', reason: 'RunStopped' });
    }
  });

  it('needs no manifest when it is asked for, as long as the attempt was observed by this process', async () => {
    const at = setUp({ ...waits, delete: 'OnStop' });
    await at.executor.start(run, at.request);
    const restarted = new ResourceExecutor(at.options);
    await restarted.observe(run, [at.live]);
    const { rendered: _manifest, ...bare } = at.live;
    await restarted.cancel(run, bare);
    expect(at.server.objects.size).toBe(0);
  });

  it('is done at the end only once the result is stored, and only for Always', async () => {
    for (const [deletion, left] of [
      ['OnStop', 1],
      ['Always', 0],
    ] as const) {
      const at = setUp({ delete: deletion });
      await at.executor.start(run, at.request);
      await at.look();
      await at.executor.release(run, () => false);
      expect(at.server.objects.size).toBe(1);
      await at.executor.release(run, () => true);
      await at.executor.release(run, () => true);
      expect(at.server.objects.size).toBe(left);
    }
  });

  it('also happens with the run, which owns what is always deleted in its namespace', async () => {
    const at = setUp({ delete: 'Always' });
    await at.executor.start(run, at.request);
    expect(at.object().metadata.ownerReferences).toMatchObject([{ kind: 'WorkflowRun', uid: 'u' }]);
    const stays = setUp({ delete: 'OnStop' });
    await stays.executor.start(run, stays.request);
    expect(stays.object().metadata.ownerReferences).toBeUndefined();
  });

  it('spares an object that another attempt has applied since', async () => {
    const at = setUp({ ...waits, delete: 'OnStop' });
    await at.executor.start(run, at.request);
    await at.executor.start(run, { ...at.request, attempt: 1 });
    await at.executor.cancel(run, at.live);
    expect(at.server.on('delete')).toEqual([]);
  });

  it('does not hold up a run when the account may not delete', async () => {
    const at = setUp({ ...waits, delete: 'OnStop' });
    await at.executor.start(run, at.request);
    at.server.delete = async () => {
      throw new ApiError(403, { message: 'configmaps "c" is forbidden: User "x" cannot delete' });
    };
    await at.executor.cancel(run, at.live);
    expect(await at.look()).toMatchObject({ phase: 'Failed', reason: 'RunStopped' });
  });
});
