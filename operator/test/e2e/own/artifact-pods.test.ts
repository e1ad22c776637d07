/** Pods with artifacts as the kubelet runs them, without an operator: what containers do, and what is read of it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, openCluster } from '../../../cluster/index.ts';
import { loadProgramImage, PROGRAM_IMAGE } from '../../../hack/program-image.ts';
import { type AttemptObservation, type Task, task as taskSchema } from '../../../src/api/index.ts';
import { buildPod, observePod, type Pod, trimPod } from '../../../src/pods/index.ts';
import { type KubeClient, type KubeObject, NAMESPACES, PODS, SECRETS } from '../../../src/runtime/index.ts';
import { clientOf } from '../../support/client.ts';
import { CLUSTER_NAME } from '../../support/installation.ts';
import { ACCESS_KEY, S3Server, SECRET_KEY, type Verdict } from '../../support/s3-server.ts';
import { FULL } from '../../support/tier.ts';
import { waitFor } from '../../support/wait-for.ts';

let cluster: Cluster;
let client: KubeClient;
let server: S3Server;
let namespace: string;

beforeAll(async () => {
  cluster = await openCluster({ name: CLUSTER_NAME });
  client = clientOf(cluster.kubeconfig);
  await loadProgramImage(CLUSTER_NAME);
  server = await S3Server.start('0.0.0.0');
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  const metadata = { generateName: 'e2e-', labels } as unknown as KubeObject['metadata'];
  namespace = (await client.create(NAMESPACES, { metadata })).metadata.name;
  const secret = {
    metadata: { name: 'store', namespace },
    stringData: { accessKey: ACCESS_KEY, secretKey: SECRET_KEY },
  };
  await client.create(SECRETS, secret);
});
afterAll(async () => {
  await client.delete(NAMESPACES, { name: namespace });
  await client.close();
  await server.stop();
});

/** The pod of an attempt, without what only a run that exists can give it. */
function podOf(run: string, more: Partial<Task>, path = more.name ?? '', attempt = 1): Pod {
  const task = taskSchema.parse({ name: path, run: 'true', ...more });
  const store = {
    address: server.location('pods', cluster.hostAddress),
    claim: undefined,
    secret: 'store',
    image: PROGRAM_IMAGE,
    maxBytes: 2 ** 30,
  };
  const pod = buildPod({
    run: { name: run, namespace, uid: run, workflow: 'w' },
    task,
    defaults: undefined,
    path,
    attempt,
    rendered: { backend: 'Pod', image: 'busybox:1.36', env: {}, command: undefined, args: undefined, script: task.run },
    artifacts: { store, policy: { keep: 'WithRun' } },
  });
  const { finalizers: _kept, ownerReferences: _owner, ...metadata } = pod.metadata;
  return { ...pod, metadata };
}

const start = (pod: Pod) => client.create(PODS, pod, { answer: 'Unread' });
const seen = async ({ metadata }: Pod) => trimPod(await client.get<Pod>(PODS, metadata));

/** Every different observation until the attempt has ended. */
async function observed(pod: Pod): Promise<AttemptObservation[]> {
  const all: AttemptObservation[] = [];
  await waitFor(`${pod.metadata.name} has ended`, async () => {
    const last = observePod(await seen(pod));
    if (JSON.stringify(last) !== JSON.stringify(all.at(-1))) all.push(last);
    return last.phase === 'Succeeded' || last.phase === 'Failed';
  });
  return all;
}

async function ended(pod: Pod): Promise<AttemptObservation> {
  await start(pod);
  return (await observed(pod)).at(-1)!;
}

const writes = (script: string, more: Partial<Task> = {}): Partial<Task> => ({
  name: 'make',
  run: script,
  artifacts: { outputs: [{ name: 'word' }] },
  ...more,
});

describe.concurrent('a pod with artifacts', () => {
  it('hands on files, folders and outputs, however soon its task ends', async () => {
    const started = performance.now();
    const script =
      'echo hello > /ado/artifacts/word; mkdir /ado/artifacts/tree; echo x > /ado/artifacts/tree/y; echo n=1 > $ADO_OUTPUTS';
    const artifacts = { outputs: [{ name: 'word' }, { name: 'tree' }] };
    expect(await ended(podOf('hands', writes(script, { artifacts })))).toMatchObject({
      phase: 'Succeeded',
      message: 'n=1\n',
    });
    console.log(`made and stored after ${((performance.now() - started) / 1000).toFixed(1)} s`);
    const read = podOf('hands', {
      name: 'read',
      run: 'test "$(cat /ado/artifacts/word)" = hello && test "$(cat /ado/artifacts/t/y)" = x',
      artifacts: {
        inputs: [
          { name: 'word', from: 'make.word' },
          { name: 'tree', from: 'make.tree', path: 't' },
        ],
      },
    });
    expect(await ended(read)).toMatchObject({ phase: 'Succeeded' });
  });

  it('has not succeeded before its outputs are stored', FULL, async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    server.judge = async ({ url }): Promise<Verdict> => {
      if (url.includes('/slow/') && url.includes('word')) await held;
      return 'Pass';
    };
    const pod = podOf('slow', writes('echo hello > /ado/artifacts/word'));
    await start(pod);
    await waitFor('the store is asked', () =>
      server.seen.some(({ url }) => url.includes('/slow/') && url.includes('word')),
    );
    const { status } = await seen(pod);
    expect(status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(0);
    expect(observePod(await seen(pod))).toMatchObject({ phase: 'Running' });
    release();
    expect((await observed(pod)).at(-1)).toMatchObject({ phase: 'Succeeded' });
  });

  it('fails when its task made none of what it declared, and says what is missing', FULL, async () => {
    expect(await ended(podOf('nothing', writes('true')))).toMatchObject({
      phase: 'Failed',
      cause: 'User',
      reason: 'ArtifactFailed',
      message: expect.stringContaining('there is nothing at /ado/artifacts/word'),
    });
  });

  it('fails by the exit code of its task, whatever became of its artifacts', FULL, async () => {
    expect(await ended(podOf('wrong', writes('exit 3')))).toMatchObject({ reason: 'ExitCode', exitCode: 3 });
  });

  it('fails when an input was never made, before its task starts', FULL, async () => {
    const inputs = [{ name: 'word', from: 'make.word' }];
    const pod = podOf('early', { name: 'read', run: 'true', artifacts: { inputs } });
    expect(await ended(pod)).toMatchObject({
      reason: 'ArtifactFailed',
      message: expect.stringContaining('published no artifact "word"'),
    });
  });

  it('fails when the bytes in the store are not those that were made', FULL, async () => {
    await ended(podOf('changed', writes('echo hello > /ado/artifacts/word')));
    writeFileSync(join(server.bucketFolder, 'pods', namespace, 'changed/make/1/word'), 'hallo\n');
    const artifacts = { inputs: [{ name: 'word', from: 'make.word' }] };
    expect(await ended(podOf('changed', { name: 'read', run: 'true', artifacts }))).toMatchObject({
      reason: 'ArtifactFailed',
      message: expect.stringContaining('checksum'),
    });
  });

  it('gives its task alone no way to the credentials of the store', async () => {
    const script = '! ls /ado/store && ! env | grep -i artifact && echo x > /ado/artifacts/word';
    expect(await ended(podOf('blind', writes(script)))).toMatchObject({ phase: 'Succeeded' });
  });
});
