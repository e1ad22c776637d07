import { beforeEach, describe, expect, it } from 'vitest';
import {
  ANNOTATION_VERSION,
  objectKey,
  type TemplateBody,
  type WorkflowTemplate,
  type WorkflowTemplateStatus,
} from '../../api/index.ts';
import { decodeVersion, digestOfVersion, versionName } from '../../definitions/index.ts';
import { Judging } from '../../judging/index.ts';
import { ApiError, type KubeClient, type KubeObject, realClock } from '../../runtime/index.ts';
import { createMetrics, silentLogger } from '../../telemetry/index.ts';
import { WORKFLOW_TEMPLATES } from '../resources.ts';
import { createStores, type Stores } from '../stores/stores.ts';
import { TemplateReconciler } from './reconciler.ts';

const NAMESPACE = 'n';
const context = { logger: silentLogger(), reconcileId: 'r', signal: new AbortController().signal };

/** One template and an API server that keeps its status and its versions. */
class World {
  readonly stores: Stores = createStores(true);
  readonly kept = new Map<string, KubeObject>();
  template: WorkflowTemplate | undefined;
  #writes = 0;
  readonly #reconciler = new TemplateReconciler({
    stores: this.stores,
    client: this.#client(),
    metrics: createMetrics({ process: false }),
    clock: realClock,
    judging: new Judging({ clock: realClock, limitMs: 20_000, maxWaiting: 8 }),
    reach: {
      kind: 'WorkflowTemplate',
      type: WORKFLOW_TEMPLATES,
      store: this.stores.templates,
      namespaceOf: () => NAMESPACE,
    },
  });

  /** Applies the template, as often as it takes until nothing more is written. */
  async apply(version: string, body: TemplateBody, uid = 'u'): Promise<WorkflowTemplateStatus> {
    const { template } = this;
    const generation = (template?.metadata.generation ?? 0) + 1;
    const metadata = { name: 'deploy', namespace: NAMESPACE, uid, generation };
    const status = template?.metadata.uid === uid ? template.status : undefined;
    this.#put({ apiVersion: '', kind: '', metadata, spec: { version, ...body }, ...(status ? { status } : {}) });
    for (let before = -1; before !== this.#writes; ) {
      before = this.#writes;
      await this.#reconciler.reconcile('n/deploy', context);
    }
    return this.template?.status ?? {};
  }

  /** Makes a version as somebody does who knows how they are named. */
  make(object: KubeObject & { data: TemplateBody }, version: string): void {
    const name = versionName('WorkflowTemplate', 'deploy', digestOfVersion(version, object.data));
    const annotations = { [ANNOTATION_VERSION]: version };
    const made = { ...object, metadata: { ...object.metadata, name, uid: name, annotations } };
    this.kept.set(name, made);
    this.#see(made);
  }

  collect(name: string): void {
    this.kept.delete(name);
    this.stores.versions.remove(objectKey({ namespace: NAMESPACE, name }));
  }

  #put(template: WorkflowTemplate): void {
    this.template = template;
    this.#writes += 1;
    const { uid = '' } = template.metadata;
    this.stores.templates.put({ key: 'n/deploy', uid, resourceVersion: `${this.#writes}`, value: template });
  }

  #client(): KubeClient {
    const client = {
      create: async (_type: unknown, object: KubeObject) => {
        const { name } = object.metadata;
        if (this.kept.has(name)) throw new ApiError(409, { reason: 'AlreadyExists', message: name });
        const made = { ...object, metadata: { ...object.metadata, uid: `uid-${this.kept.size}` } };
        this.kept.set(name, made);
        this.#see(made);
        return made;
      },
      get: async (_type: unknown, { name }: { name: string }) => this.kept.get(name),
      delete: async (_type: unknown, { name }: { name: string }) => this.collect(name),
      patch: async (_type: unknown, _ref: unknown, patch: { operations: { value: WorkflowTemplateStatus }[] }) => {
        const status = patch.operations[1]?.value;
        if (this.template && status) this.#put({ ...this.template, status });
      },
    };
    return client as unknown as KubeClient;
  }

  #see(object: KubeObject): void {
    const { uid = '' } = object.metadata;
    const value = decodeVersion(object, NAMESPACE);
    this.stores.versions.put({ key: objectKey(object.metadata), uid, resourceVersion: '1', value });
  }
}

const body = (text: string): TemplateBody => ({ tasks: [{ name: 'go', image: 'a', run: `echo ${text}` }] });
const ready = ({ conditions }: WorkflowTemplateStatus) => conditions?.find(({ type }) => type === 'Ready');

describe('reconciling a template', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });

  it('pins a version once, with its content', async () => {
    const status = await world.apply('1.0.0', body('a'));
    expect(ready(status)).toMatchObject({ status: 'True', reason: 'Valid' });
    expect(status.versions?.map(({ version }) => version)).toEqual(['1.0.0']);
    const [pinned] = world.kept.values();
    expect(pinned?.metadata.name).toBe(status.definition?.revision);
    expect(pinned?.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'WorkflowTemplate', uid: 'u' });
    expect(await world.apply('1.0.0', body('a'))).toMatchObject({ definition: status.definition });
    expect(world.kept.size).toBe(1);
  });

  it('tells what a version hardly means, which is in use all the same', async () => {
    const status = await world.apply('1.0.0', body('{{inputs.parameters.x}}'));
    expect(ready(status)).toMatchObject({ status: 'True', reason: 'Valid' });
    expect(ready(status)?.message.split('\n')).toEqual([
      'version 1.0.0 is valid and pinned',
      expect.stringMatching(/^spec\.tasks\[0\]\.run: "\{\{inputs\.parameters\.x\}\}" is not replaced; write env: /),
    ]);
    expect(await world.apply('1.0.0', body('{{inputs.parameters.x}}'))).toMatchObject({
      conditions: status.conditions?.map(({ observedGeneration: _generation, ...same }) => same),
    });
  });

  it('refuses other content for a version, also when that version is long gone', async () => {
    const first = await world.apply('1.0.0', body('a'));
    const reused = await world.apply('1.0.0', body('b'));
    expect(ready(reused)).toMatchObject({ status: 'False', reason: 'VersionReused' });
    expect(reused.definition).toEqual(first.definition);
    for (let minor = 1; minor <= 25; minor++) await world.apply(`1.${minor}.0`, body(`${minor}`));
    expect(world.kept.has(first.definition?.revision ?? '')).toBe(false);
    expect(ready(await world.apply('1.0.0', body('c')))?.reason).toBe('VersionReused');
    expect(ready(await world.apply('1.0.0', body('a')))?.reason).toBe('Valid');
  });

  it('keeps the newest 20 versions and the one that is used, and remembers 50', async () => {
    for (let minor = 0; minor < 60; minor++) await world.apply(`1.${minor}.0`, body(`${minor}`));
    expect(world.kept.size).toBe(20);
    expect(world.template?.status?.versions).toHaveLength(50);
    expect(world.template?.status?.versions?.[0]?.version).toBe('1.59.0');
    const back = await world.apply('1.20.0', body('20'));
    expect(world.kept.has(back.definition?.revision ?? '')).toBe(true);
    expect(back.versions?.[0]?.version).toBe('1.59.0');
  });

  it('waits for the versions of a deleted template of its name', async () => {
    await world.apply('1.0.0', body('a'));
    world.template = undefined;
    const status = await world.apply('1.0.0', body('a'), 'another');
    expect(ready(status)).toMatchObject({ status: 'False', reason: 'RevisionForged' });
    expect(ready(status)?.message).toContain('its owner is WorkflowTemplate deploy (uid u); if left over');
    expect(status.definition).toBeUndefined();
    for (const name of [...world.kept.keys()]) world.collect(name);
    expect(ready(await world.apply('1.0.0', body('a'), 'another'))).toMatchObject({ status: 'True' });
  });

  it('is refused where another object has the name of its version, which is named', async () => {
    await world.apply('1.0.0', body('a'));
    const [name = '', genuine] = [...world.kept][0] ?? [];
    world.template = undefined;
    world.collect(name);
    world.kept.set(name, { ...genuine, data: body('evil') } as never);
    const status = await world.apply('1.0.0', body('a'));
    expect(ready(status)).toMatchObject({ status: 'False', reason: 'RevisionForged' });
    expect(ready(status)?.message).toContain(`delete it (kubectl delete controllerrevision ${name} -n n)`);
  });

  it('is judged though somebody has made a version of it that fits', async () => {
    const self = { tasks: [...body('a').tasks, { name: 'again', template: { name: 'deploy' } }] };
    await world.apply('0.0.1', body('first'));
    const [first] = world.kept.values();
    world.make({ ...first, data: self } as never, '1.0.0');
    expect(ready(await world.apply('1.0.0', self))).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
  });

  it('sees itself as it is to be', async () => {
    const self = { tasks: [...body('a').tasks, { name: 'again', template: { name: 'deploy' } }] };
    const status = await world.apply('1.0.0', self);
    expect(ready(status)).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
    expect(ready(status)?.message).toContain('cycle: deploy → deploy');
  });
});
