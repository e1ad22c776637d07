import { describe, expect, it } from 'vitest';
import {
  API_VERSION,
  decodeEvents,
  FINALIZER_RESULT,
  LABEL_ATTEMPT,
  type Task,
  type WorkflowRun,
} from '../../src/api/index.ts';
import type { Pod } from '../../src/pods/index.ts';
import { type KubeObject, NODES, PODS } from '../../src/runtime/index.ts';
import { Case, type Fault, type Outcome } from '../support/case.ts';
import { useSimulatedStage } from '../support/case-stage.ts';
import type { ProxiedRequest, Rule } from '../support/fault-proxy.ts';
import { FULL } from '../support/tier.ts';
import { onlyEvents } from '../support/watch-faults.ts';

const stage = useSimulatedStage('ado-faults');

/** One task, and no retries of the user's. */
const scenarioOf = (task: Partial<Task>) => (namespace: string) => ({
  workflow: {
    apiVersion: API_VERSION,
    kind: 'Workflow',
    metadata: { name: 'lost', namespace },
    spec: {
      triggers: { onChange: { of: ['Tasks' as const] } },
      defaults: { image: 'busybox:1.36', terminationGracePeriodSeconds: 1, env: { SIMULATE_SECONDS: '0.1' } },
      tasks: [{ name: 'a', run: 'true', ...task }],
    },
  },
});

const isStartOf =
  (wanted: string) =>
  ({ method, attempt, path }: ProxiedRequest): boolean =>
    method === 'POST' && attempt === wanted && !path.includes('dryRun');

/** The object goes at once, as it does when no finalizer holds it and nobody waits for its grace. */
async function vanish({ name, namespace = '' }: Pod['metadata']): Promise<void> {
  const { client } = stage();
  const ref = { name, namespace };
  await client.patch(PODS, ref, { kind: 'merge', body: { metadata: { finalizers: null } } });
  await client.delete(PODS, ref, { gracePeriodSeconds: 0 });
}

/** Why the first attempt was made again, as the history has it. */
function causeOf(run: WorkflowRun | undefined): { cause?: string; reason?: string } {
  const retried = decodeEvents(run?.status?.journal?.tail ?? '[]').find(({ type }) => type === 'Retrying');
  return retried?.type === 'Retrying' ? { cause: retried.cause, reason: retried.failure.reason } : {};
}

/** The second attempt succeeded, the first one counts as a failure of the infrastructure, and each had one pod. */
function expectMadeAgain({ end, creates, problems, objects }: Outcome, reason: string): void {
  expect(end.tasks).toMatchObject({ a: { phase: 'Succeeded', attempt: 1, retries: 0, infra: 1 } });
  expect(causeOf(objects.runs[0])).toEqual({ cause: 'Infrastructure', reason });
  expect(creates).toEqual({ 'a#0': 1, 'a#1': 1 });
  expect(problems).toEqual([]);
}

const isFirst = (object: KubeObject): boolean => object.metadata.labels?.[LABEL_ATTEMPT] === '0';

/** Neither a watch nor a list tells of the pod of the first attempt: whatever becomes of it, nobody has seen it. */
function unseen(name: string, afterCreate: (pod: Pod) => Promise<void>): Fault {
  return {
    name,
    rules: ({ met }) => {
      const rule: Rule = async (request, forward) => {
        const answer = await forward();
        if (!Buffer.isBuffer(answer.body) || answer.status >= 300) return answer;
        if (isListOfPods(request)) return { ...answer, body: withoutFirst(answer.body), headers: {} };
        if (!isStartOf('a#0')(request)) return answer;
        met(request);
        await afterCreate(JSON.parse(answer.body.toString()) as Pod);
        return answer;
      };
      return [rule, onlyEvents(({ object, resource }) => resource !== 'pods' || !isFirst(object))];
    },
  };
}

const isListOfPods = ({ method, resource, path }: ProxiedRequest): boolean =>
  method === 'GET' && resource === 'pods' && path.includes('limit=');

function withoutFirst(body: Buffer): Buffer {
  const list = JSON.parse(body.toString()) as { items: KubeObject[] };
  return Buffer.from(JSON.stringify({ ...list, items: list.items.filter((item) => !isFirst(item)) }));
}

describe('a pod that nobody has seen', () => {
  it.concurrent('is made again when it was deleted before its first event', async () => {
    const fault = unseen('deleted before seen', (pod) => vanish(pod.metadata));
    await Case.run(stage(), fault, async (opened) => {
      await opened.begin();
      await opened.give(scenarioOf({}));
      await opened.settled();
      expectMadeAgain(await opened.outcome(0), 'PodLost');
    });
  });

  it.concurrent('is made again when it had succeeded and was collected before that was observed', async () => {
    const created = Promise.withResolvers<Pod>();
    const fault = unseen('collected before observed', async (pod) => created.resolve(pod));
    await Case.run(stage(), fault, async (opened) => {
      await opened.begin();
      await opened.give(scenarioOf({}));
      const { metadata } = await created.promise;
      await opened.until(
        'the pod has succeeded',
        async () => {
          const { status } = await stage().client.get<Pod>(PODS, metadata);
          return status?.phase === 'Succeeded';
        },
        { everyMs: 50 },
      );
      await vanish(metadata);
      await opened.settled();
      expectMadeAgain(await opened.outcome(0), 'PodLost');
    });
  });
});

describe('a node that is lost', () => {
  const taint = (name: string) => ({ key: 'flow.ado.dev/own', value: name, effect: 'NoSchedule' });

  /** A node that only the pod of the case goes to, and that no kubelet, real or simulated, speaks for. */
  async function giveNode(name: string): Promise<void> {
    const { kubectl } = stage();
    const labels = { 'flow.ado.dev/own': name };
    const capacity = { cpu: '1', memory: '1Gi', pods: '10' };
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, spec: { taints: [taint(name)] } };
    await kubectl.run(['create', '-f', '-'], node);
    await setReady(name, 'True', { capacity, allocatable: capacity });
  }

  async function setReady(name: string, status: 'True' | 'Unknown', more: object = {}): Promise<void> {
    const now = new Date().toISOString();
    const condition = { type: 'Ready', status, reason: 'Test', lastHeartbeatTime: now, lastTransitionTime: now };
    const patch = { kind: 'merge', body: { status: { conditions: [condition], ...more } } } as const;
    await stage().client.patch(NODES, { name }, patch, { subresource: 'status' });
  }

  /** What the kubelet of the node would say before it falls silent. */
  async function setRunning({ name, namespace = '' }: Pod['metadata']): Promise<void> {
    const startedAt = `${new Date().toISOString().slice(0, 19)}Z`;
    const container = {
      name: 'main',
      image: 'busybox:1.36',
      imageID: '',
      ready: true,
      restartCount: 0,
      state: { running: { startedAt } },
    };
    const body = { status: { phase: 'Running', startTime: startedAt, containerStatuses: [container] } };
    await stage().client.patch(PODS, { name, namespace }, { kind: 'merge', body }, { subresource: 'status' });
  }

  it.concurrent(
    'costs its pod a minute of silence after its grace, and then the pod is made again elsewhere',
    FULL,
    async () => {
      await Case.run(stage(), { name: 'a lost node', rules: () => [] }, async (opened) => {
        const node = `lost-${opened.namespace}`;
        await giveNode(node);
        const term = { matchExpressions: [{ key: 'flow.ado.dev/own', operator: 'In', values: [node] }] };
        const task = {
          tolerations: [
            { key: 'flow.ado.dev/own', operator: 'Exists' },
            { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 0 },
          ],
          affinity: {
            nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: term }] },
          },
        } as unknown as Partial<Task>;
        try {
          await opened.begin();
          await opened.give(scenarioOf(task));
          const pod = await opened.until('the pod is on its node', async () =>
            (await opened.objects()).pods.find(({ spec }) => spec.nodeName === node),
          );
          await setRunning(pod.metadata);
          await setReady(node, 'Unknown');
          await opened.until('the control plane evicts it', async () => {
            const { metadata } = await stage().client.get<Pod>(PODS, pod.metadata);
            return metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(FINALIZER_RESULT);
          });
          await opened.until('the run is over', async () => (await opened.objects()).runs[0]?.status?.finishedAt, {
            timeoutMs: 150_000,
          });
          const { runs } = await opened.objects();
          expect(causeOf(runs[0])).toEqual({ cause: 'Infrastructure', reason: 'NodeLost' });
          await stage().client.delete(NODES, { name: node });
          await stage()
            .client.delete(PODS, pod.metadata, { gracePeriodSeconds: 0 })
            .catch(() => undefined);
          await opened.settled();
          expectMadeAgain(await opened.outcome(0), 'NodeLost');
        } finally {
          await stage()
            .client.delete(NODES, { name: node })
            .catch(() => undefined);
        }
      });
    },
  );
});
