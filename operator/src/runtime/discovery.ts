import { BoundedMap } from '../bounds/index.ts';
import type { KubeClient } from './client.ts';
import { isNotFound } from './errors.ts';
import { type ResourceType, versionPath } from './resource.ts';
import { parseJson } from './response.ts';

/** How long the answer of a group version is kept. A CRD cannot change its plural, so it only outlives removals. */
const BELIEVED_MS = 10 * 60_000;
/** Group versions that are remembered; the one that was asked for longest ago is forgotten first. */
const MAX_REMEMBERED = 200;

interface ApiResourceList {
  readonly resources?: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

interface Known {
  readonly until: number;
  readonly types: ReadonlyMap<string, ResourceType>;
}

/** The plural of a kind and whether it is namespaced, as the API server serves it. */
export class Discovery {
  private readonly client: KubeClient;
  private readonly known = new BoundedMap<Known>({ max: MAX_REMEMBERED });

  constructor(client: KubeClient) {
    this.client = client;
  }

  /**
   * The type of `apiVersion` and `kind`; undefined when the API server serves no such kind. What it did not serve is
   * asked for again the next time.
   * @throws like every call of the client
   */
  async typeOf(apiVersion: string, kind: string, signal?: AbortSignal): Promise<ResourceType | undefined> {
    const known = this.known.get(apiVersion);
    const type = known && known.until > this.client.clock.monotonic() ? known.types.get(kind) : undefined;
    if (type) return type;
    return (await this.ask(apiVersion, signal)).get(kind);
  }

  /** Drops the answer of a group version, after it turned out to be wrong. */
  forget(apiVersion: string): void {
    this.known.delete(apiVersion);
  }

  private async ask(apiVersion: string, signal?: AbortSignal): Promise<ReadonlyMap<string, ResourceType>> {
    const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
    const types = new Map<string, ResourceType>();
    try {
      const text = await this.client.getRaw(versionPath({ group, version }), { signal });
      for (const { name, kind, namespaced } of parseJson<ApiResourceList>(text).resources ?? []) {
        // Subresources, such as deployments/scale, are of kinds of their own.
        if (!name.includes('/')) types.set(kind, { group, version, plural: name, kind, namespaced });
      }
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    this.remember(apiVersion, types);
    return types;
  }

  private remember(apiVersion: string, types: ReadonlyMap<string, ResourceType>): void {
    if (types.size === 0) this.known.delete(apiVersion);
    else this.known.set(apiVersion, { until: this.client.clock.monotonic() + BELIEVED_MS, types });
  }
}
