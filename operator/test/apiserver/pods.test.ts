import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { OutlivedPods } from '../../src/executors/outlived-pods.ts';
import { PodEvents } from '../../src/executors/pod-events.ts';
import type { Pod, PodStatus } from '../../src/pods/index.ts';
import { type KubeClient, PODS, realClock } from '../../src/runtime/index.ts';
import { clientOf } from '../support/client.ts';
import { useApiServer } from '../support/control-plane.ts';

const api = useApiServer();

/** The golden manifests of `src/pods/build.test.ts`: what the server takes there is what the operator creates. */
const golden = (name: string): Pod =>
  parse(readFileSync(join(import.meta.dirname, `../golden/pods/${name}.yaml`), 'utf8')) as Pod;

describe('the pods of tasks, judged by a real API server', () => {
  let namespace = '';

  beforeAll(async () => {
    namespace = await api.namespace();
    for (const account of ['default', 'builder']) await api.run(['create', 'serviceaccount', account, '-n', namespace]);
    const cluster = [
      { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: 'gvisor' }, handler: 'runsc' },
      { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'batch' }, value: 10 },
    ];
    for (const object of cluster) await api.run(['create', '-f', '-'], object);
  });

  const dryRun = (pod: Pod) => {
    const metadata = { ...pod.metadata, namespace };
    return api.kubectl(['create', '--dry-run=server', '--validate=strict', '-o', 'json', '-f', '-'], {
      ...pod,
      metadata,
    });
  };

  it.each(['script', 'container', 'everything'])(
    'takes %s under Pod Security restricted, every field',
    async (name) => {
      const pod = golden(name);
      const { code, stdout, stderr } = await dryRun(pod);
      expect(stderr).toBe('');
      expect(code).toBe(0);
      const { volumeMounts = [], ...container } = pod.spec.containers[0] ?? { name: '' };
      // The server adds the mount of the token, where one is asked for, to those of the task.
      const mounts = expect.arrayContaining([...volumeMounts]);
      expect((JSON.parse(stdout) as Pod).spec.containers).toMatchObject([{ ...container, volumeMounts: mounts }]);
    },
  );

  it('refuses one that a task made privileged', async () => {
    const pod = golden('script');
    const securityContext = { privileged: true, allowPrivilegeEscalation: true };
    const containers = pod.spec.containers.map((container) => ({ ...container, securityContext }));
    const { code, stderr } = await dryRun({ ...pod, spec: { ...pod.spec, containers } });
    expect(code).not.toBe(0);
    expect(stderr).toContain('violates PodSecurity "restricted');
  });

  describe('that are there', () => {
    let client: KubeClient;
    let pod: Pod;
    beforeAll(async () => {
      client = clientOf(api.kubeconfig);
      const { metadata, spec } = golden('script');
      const annotations = { 'flow.ado.dev/task': 'build' };
      pod = await client.create<Pod>(PODS, { metadata: { name: metadata.name, namespace, annotations }, spec } as Pod);
    });
    afterAll(() => client.close());

    it('may be ended by a deadline, which keeps them', async () => {
      const containerStatuses: PodStatus['containerStatuses'] = [
        { name: 'main', state: { terminated: { exitCode: 0 } } },
        { name: 'proxy', state: { running: {} } },
      ];
      const outlived: Pod = { ...pod, status: { phase: 'Running', containerStatuses } };
      for (const _ of ['once', 'again']) await new OutlivedPods(client, realClock).end(outlived, undefined);
      const { metadata, spec } = await client.get<Pod>(PODS, { name: pod.metadata.name, namespace });
      expect(metadata.annotations?.['flow.ado.dev/ended']).toContain('proxy kept running');
      expect(spec.activeDeadlineSeconds).toBe(1);
    });

    it('are told apart by their Events, of which the kubelet writes those of old', async () => {
      const eventOf = (uid: string, message: string) => ({
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: `event-of-${uid}` },
        involvedObject: { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, namespace, uid },
        ...{ reason: 'FailedMount', message, type: 'Warning', source: { component: 'kubelet' } },
        lastTimestamp: new Date().toISOString().replace(/\.\d+/, ''),
      });
      const { uid = '' } = pod.metadata;
      for (const event of [eventOf(uid, 'secret "a" not found'), eventOf('other', 'not mine')]) {
        await api.run(['create', '-n', namespace, '-f', '-'], event);
      }
      let woken: () => void = () => undefined;
      const answered = new Promise<void>((resolve) => {
        woken = resolve;
      });
      const clock = { ...realClock, now: () => Date.now() + 60_000 };
      const events = new PodEvents({ client, clock, wake: () => woken() });
      const run = { name: 'r', namespace, uid: 'u', workflow: 'w' };
      const waiting = { ...pod, spec: { ...pod.spec, nodeName: 'node-1' } };
      const silent = { phase: 'Pending', since: Date.now() } as const;
      events.told(run, waiting, silent);
      await answered;
      expect(events.told(run, waiting, silent).observation).toMatchObject({
        reason: 'FailedMount',
        message: 'secret "a" not found',
      });
    });
  });
});
