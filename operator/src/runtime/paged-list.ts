import type { KubeObject } from '../objects/index.ts';
import type { KubeClient, ListQuery } from './client.ts';
import { ConnectionError, isGone } from './errors.ts';
import { apiVersionOf, type ResourceType } from './resource.ts';

export interface CompleteList {
  /** The version that the list shows: a watch continues from it. */
  readonly resourceVersion: string;
  readonly count: number;
}

export interface PagedListOptions {
  readonly type: ResourceType;
  readonly query: Pick<ListQuery, 'namespace' | 'labelSelector' | 'fieldSelector'>;
  /** Objects a page. */
  readonly limit: number;
  readonly signal: AbortSignal;
  /** Called once per object, page by page. */
  onItem(object: KubeObject): void;
  /** Called when the list starts over and the pages read so far are void. */
  onRestart(): void;
}

/** Paged attempts before one page of everything: a list that takes longer than the server keeps its snapshot. */
const PAGED_ATTEMPTS = 2;

/**
 * Reads a complete, consistent list page by page. A continue token that expired (410) starts the list over, in the
 * end without pages. The list is never older than the moment it was asked for.
 */
export async function listAll(client: KubeClient, options: PagedListOptions): Promise<CompleteList> {
  for (let attempt = 1; ; attempt++) {
    const limit = attempt <= PAGED_ATTEMPTS ? options.limit : undefined;
    try {
      return await readPages(client, options, limit);
    } catch (error) {
      if (!isGone(error) || limit === undefined) throw error;
      options.onRestart();
    }
  }
}

async function readPages(client: KubeClient, options: PagedListOptions, limit?: number): Promise<CompleteList> {
  const { type, query, signal, onItem } = options;
  const apiVersion = apiVersionOf(type);
  let count = 0;
  let token: string | undefined;
  let resourceVersion: string | undefined;
  do {
    const page = await client.list(type, { ...query, ...(limit && { limit }), continue: token }, { signal });
    resourceVersion ??= page.metadata?.resourceVersion;
    for (const item of page.items ?? []) {
      // Items of built-in kinds come without them; events and single reads have them.
      item.apiVersion ??= apiVersion;
      item.kind ??= type.kind;
      onItem(item);
      count++;
    }
    token = page.metadata?.continue;
  } while (token);
  if (!resourceVersion) {
    throw new ConnectionError('InvalidResponse', `the list of ${type.plural} has no metadata.resourceVersion`, true);
  }
  return { resourceVersion, count };
}
