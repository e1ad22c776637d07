/** Server-side apply by the client: what a test gives would otherwise cost more CPU than what it tests. */
import { Discovery, type KubeClient } from '../../src/runtime/index.ts';
import type { Manifest } from './manifests.ts';

const known = new WeakMap<KubeClient, Discovery>();

/**
 * Applies an object, whoever owned its fields; one with `generateName` is created, since an apply needs a name.
 * @returns the name that it has
 * @throws ApiError as the server refuses it, Error for a kind it lacks
 */
export async function apply(client: KubeClient, object: Manifest): Promise<string> {
  const { apiVersion = '', kind = '', metadata } = object;
  const type = await discoveryOf(client).typeOf(apiVersion, kind);
  if (!type) throw new Error(`the API server serves no ${kind} of ${apiVersion}`);
  const { namespace: _none, ...clusterWide } = metadata;
  const ref = type.namespaced ? metadata : clusterWide;
  if (ref.name === undefined) return (await client.create<Manifest>(type, { ...object, metadata: ref })).metadata.name;
  const patch = { kind: 'apply', object: { ...object, metadata: ref }, force: true } as const;
  await client.patch(type, ref, patch, { fieldManager: 'kubectl' });
  return ref.name;
}

function discoveryOf(client: KubeClient): Discovery {
  const discovery = known.get(client) ?? new Discovery(client);
  known.set(client, discovery);
  return discovery;
}
