/**
 * What Argo's executor asks of the API server for each pod, which simulated nodes do not run: when the pod starts it
 * creates the pod's WorkflowTaskResult, and when the main container has ended it reports outputs and then that they are
 * complete. Argo does not go on before it has seen that. Requests and their bodies are those of v3.7.9
 * (cmd/argoexec/commands/wait.go, workflow/executor/taskresult.go).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pod } from '../../../src/pods/index.ts';
import { type KubeClient, PODS, type ResourceType } from '../../../src/runtime/index.ts';
import type { Account } from '../../operator-account.ts';
import { follow } from '../follow.ts';

/** The account of the emulated executors, so that the audit log tells them from the controller. */
export const EXECUTOR: Account = { namespace: 'argo', name: 'executor' };

const GROUP = 'workflows.argoproj.io';
const COMPLETED = `${GROUP}/report-outputs-completed`;
const RESULTS: ResourceType = {
  group: 'argoproj.io',
  version: 'v1alpha1',
  plural: 'workflowtaskresults',
  kind: 'WorkflowTaskResult',
  namespaced: true,
};
/** Of the pod's second: the rest is left for the two patches, so that they are done when the pod ends, as really. */
const MAIN_MS = 800;

/** Plays the executor of every pod of Argo's in a namespace. */
export async function startExecutor(client: KubeClient, namespace: string): Promise<{ end(): Promise<void> }> {
  const seen = new Set<string>();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined); // heard of at the end
  const playing = new Set<Promise<void>>();
  const onPod = (pod: Pod) => {
    if (pod.status?.phase !== 'Running' || seen.has(pod.metadata.name)) return;
    seen.add(pod.metadata.name);
    const play = playOne(client, pod).catch(failed.reject);
    playing.add(play);
    void play.finally(() => playing.delete(play));
  };
  const following = await follow<Pod>(client, PODS, namespace, onPod);
  following.broken.catch(failed.reject);
  return {
    end: async () => {
      following.end();
      await Promise.race([Promise.all(playing), failed.promise]);
    },
  };
}

async function playOne(client: KubeClient, { metadata }: Pod): Promise<void> {
  const name = metadata.annotations?.[`${GROUP}/node-id`];
  const workflow = metadata.labels?.[`${GROUP}/workflow`];
  const [owner] = metadata.ownerReferences ?? [];
  if (!name || !workflow || !owner) throw new Error(`the pod ${metadata.name} does not say which node it is of`);
  const ref = { name, namespace: metadata.namespace ?? '' };
  const labels = { [`${GROUP}/workflow`]: workflow, [COMPLETED]: 'false' };
  const ownerReferences = [{ apiVersion: owner.apiVersion, kind: owner.kind, name: owner.name, uid: owner.uid }];
  const unread = { answer: 'Unread' } as const;
  await client.create(RESULTS, { metadata: { ...ref, labels, ownerReferences } }, unread);
  await sleep(MAIN_MS);
  await client.patch(RESULTS, ref, { kind: 'merge', body: { outputs: {} } }, unread);
  await client.patch(RESULTS, ref, { kind: 'merge', body: { metadata: { labels: { [COMPLETED]: 'true' } } } }, unread);
}
