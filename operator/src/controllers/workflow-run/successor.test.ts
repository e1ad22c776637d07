import { describe, expect, it } from 'vitest';
import { LABEL_CHAIN, provenanceOf, UNATTESTED, type WorkflowRun, withProvenance } from '../../api/index.ts';
import { ApiError, type KubeClient, Store } from '../../runtime/index.ts';
import { testProofs } from '../testing/proofs.ts';
import { identities } from '../testing/proving.ts';
import { makeSuccessor, NameTakenError } from './successor.ts';

const { signal } = new AbortController();

const proves = testProofs();

const plain: WorkflowRun = {
  apiVersion: '',
  kind: '',
  metadata: {
    name: 'r',
    namespace: 'n',
    uid: 'u',
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { team: 'x', 'flow.ado.dev/workflow': 'w' },
    annotations: { 'flow.ado.dev/note': '1', 'argocd.argoproj.io/tracking-id': 'a' },
    ownerReferences: [{ apiVersion: 'v', kind: 'Workflow', name: 'w', uid: 'w', controller: true }],
  },
  spec: {
    workflowRef: { name: 'w' },
    desiredState: 'Running',
    parameters: [{ name: 'n', value: '1' }],
    origin: { type: 'OnChange', digest: 'd' },
    priority: 5,
    cache: 'Refresh',
    number: 3,
    requester: { username: 'ada' },
  },
};

const asked = { requesters: ['ada', 'bob'], unknown: false };
const run = withProvenance(plain, { lineage: asked, depth: 2, workflow: 'w', key: 'k' }, proves);
const proving = identities();

/** An API server that has at most one run, and what was asked of it. */
class Server {
  next: WorkflowRun | undefined;
  readonly strangers = new Map<string, WorkflowRun>();
  readonly calls: string[] = [];
  refusal: ApiError | undefined;
  readonly told: string[] = [];
  readonly recorder = { event: (...said: unknown[]) => void this.told.push(`${said[2]}: ${said[4]}`) } as never;
  readonly runs = new Store<WorkflowRun>();
  readonly stores = { runs: this.runs, workflows: new Store() };

  make(of: WorkflowRun = run, index = 1): Promise<string> {
    const client = this as unknown as KubeClient;
    const deps = {
      client,
      stores: this.stores as never,
      attests: UNATTESTED,
      identities: proving,
      proves,
      recorder: this.recorder,
    };
    return makeSuccessor(deps, of, index, signal);
  }

  async create(_type: unknown, object: WorkflowRun): Promise<WorkflowRun> {
    this.calls.push('create');
    if (this.strangers.has(object.metadata.name)) throw new ApiError(409, { reason: 'AlreadyExists' });
    if (this.next) throw new ApiError(409, { reason: 'AlreadyExists' });
    this.next = object;
    return object;
  }

  async get(_type: unknown, { name }: { name: string }): Promise<WorkflowRun> {
    return (this.strangers.get(name) ?? this.next) as WorkflowRun;
  }

  async patch(_type: unknown, ref: { name: string }, patch: { operations?: { value?: unknown }[] }): Promise<void> {
    this.calls.push(`patch ${ref.name} ${patch.operations?.at(-1)?.value ?? 'label'}`);
    if (this.refusal) throw this.refusal;
  }
}

describe('the run that continues another', () => {
  it('carries on where the run comes from and who asked, and says whom it continues', async () => {
    const server = new Server();
    expect(await server.make()).toBe('r-c1');
    const { metadata, spec } = server.next as WorkflowRun;
    expect(metadata).toEqual({
      name: 'r-c1',
      namespace: 'n',
      labels: { 'flow.ado.dev/workflow': 'w', [LABEL_CHAIN]: 'r' },
      annotations: { 'flow.ado.dev/note': '1' },
      ownerReferences: run.metadata.ownerReferences,
    });
    const { parameters: _parameters, ...carried } = plain.spec;
    const continues = { root: 'r', run: 'r', uid: 'u', index: 1, since: '2026-01-01T00:00:00Z' };
    const { provenance, ...rest } = spec;
    expect(rest).toEqual({ ...carried, continues });
    expect(provenance).toMatchObject({ requesters: ['ada', 'bob'], depth: 2, workflow: 'w' });
    expect(provenance).not.toHaveProperty('key');
    expect(provenanceOf(server.next as WorkflowRun, proves)).toBe(provenance);
  });

  it('is made once, and marks the first run of the chain', async () => {
    const server = new Server();
    await server.make();
    await server.make();
    expect(server.calls).toEqual(['patch r label', 'create', 'patch r label', 'create']);
    const marked = { ...run, metadata: { ...run.metadata, labels: { [LABEL_CHAIN]: 'r' } } };
    await server.make(marked);
    expect(server.calls.at(-1)).toBe('create');
    expect(server.calls).toHaveLength(5);
  });

  it('keeps the name and the age of the chain further on', async () => {
    const server = new Server();
    const second: WorkflowRun = {
      ...run,
      metadata: { ...run.metadata, name: 'r-c1', uid: 'u1', labels: { [LABEL_CHAIN]: 'r' } },
      spec: { ...run.spec, continues: { root: 'r', run: 'r', uid: 'u', index: 1, since: 'long ago' } },
    };
    expect(await server.make(second, 2)).toBe('r-c2');
    expect(server.next?.spec.continues).toEqual({ root: 'r', run: 'r-c1', uid: 'u1', index: 2, since: 'long ago' });
    expect(server.calls).toEqual(['create']);
  });

  it('is never a stranger of its name, nor one that continues a run that was deleted', async () => {
    const server = new Server();
    server.next = { ...run, metadata: { name: 'r-c1', namespace: 'n' } };
    await expect(server.make()).rejects.toThrow(NameTakenError);
    const continues = { root: 'r', run: 'r', uid: 'another', index: 1, since: '' };
    server.next = { ...server.next, spec: { ...server.next.spec, continues } };
    await expect(server.make()).rejects.toThrow('delete it');
    const said = { ...continues, uid: 'u' };
    server.next = { ...server.next, spec: { ...server.next.spec, continues: said } };
    await expect(server.make()).rejects.toThrow(NameTakenError);
  });

  it('has another name where a stranger has its own, and is found under that again', async () => {
    const server = new Server();
    const continues = { root: 'r', run: 'r', uid: 'u', index: 1, since: '' };
    const forged = { ...plain, metadata: { name: 'r-c1', namespace: 'n' }, spec: { ...plain.spec, continues } };
    server.strangers.set('r-c1', forged);
    const name = await server.make();
    expect(name).toMatch(/^r-[0-9a-f]{11}$/);
    expect(server.told).toEqual([expect.stringContaining('NameTaken: the WorkflowRun r-c1 has the name')]);
    const value = server.next as WorkflowRun;
    server.runs.put({ key: `n/${name}`, uid: 'x', resourceVersion: '1', value });
    server.strangers.clear();
    expect(await server.make()).toBe(name);
    expect(server.calls.filter((call) => call === 'create')).toHaveLength(2);
  });

  it('is told what people want of the run that it continues, the stronger of both wishes', async () => {
    const wanting = (desiredState: WorkflowRun['spec']['desiredState']) => ({
      ...run,
      spec: { ...run.spec, desiredState },
    });
    const server = new Server();
    await server.make();
    server.calls.length = 0;
    await server.make(wanting('Paused'));
    await server.make(wanting('Terminated'));
    expect(server.calls.filter((call) => call.startsWith('patch r-c1'))).toEqual([
      'patch r-c1 Paused',
      'patch r-c1 Terminated',
    ]);
    server.next = {
      ...(server.next as WorkflowRun),
      spec: { ...(server.next as WorkflowRun).spec, desiredState: 'Cancelled' },
    };
    server.calls.length = 0;
    await server.make(wanting('Paused'));
    expect(server.calls.filter((call) => call.startsWith('patch r-c1'))).toEqual([]);
  });

  it('is looked at again when somebody changes it at the same time, and may be gone', async () => {
    const cancelled: WorkflowRun = {
      ...run,
      metadata: { ...run.metadata, labels: { [LABEL_CHAIN]: 'r' } },
      spec: { ...run.spec, desiredState: 'Cancelled' },
    };
    const server = new Server();
    await server.make({ ...cancelled, spec: run.spec });
    server.refusal = new ApiError(422, { reason: 'Invalid' });
    await expect(server.make(cancelled)).rejects.toThrow('changed concurrently');
    server.refusal = new ApiError(404, { reason: 'NotFound' });
    expect(await server.make(cancelled)).toBe('r-c1');
  });
});
