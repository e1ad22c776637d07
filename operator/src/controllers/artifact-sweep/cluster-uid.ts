import { type KubeClient, NAMESPACES } from '../../runtime/index.ts';

/** Every cluster has it for as long as it exists, so its uid is that of the cluster. */
const NAMESPACE = 'kube-system';

/** The uid by which clusters are told apart. @throws Error when the API server does not tell it */
export async function clusterUid(client: KubeClient, signal: AbortSignal): Promise<string> {
  const query = { fieldSelector: `metadata.name=${NAMESPACE}` };
  const { items } = await client.list(NAMESPACES, query, { signal, urgency: 'background' });
  const uid = items[0]?.metadata.uid;
  if (uid === undefined) throw new Error(`the namespace ${NAMESPACE}, whose uid names the cluster, does not exist`);
  return uid;
}
