import type { KubeObject } from '../objects/index.ts';
import type { CallOptions, KubeClient } from './client.ts';
import { isAlreadyExists, isNotFound } from './errors.ts';
import type { ResourceType } from './resource.ts';

/** Attempts per name: the object that holds a name may be deleted between the create and the read. */
const TRIES = 3;

/** The outcome of creating an object that may have one of several names. */
export interface Named<T> {
  /** Absent if foreign objects hold all names. */
  readonly object?: T;
  readonly isNew: boolean;
  /** The names that foreign objects hold. */
  readonly strangers: readonly string[];
}

/**
 * Creates an object under the first of its names that no foreign object holds, or finds the one that was created before.
 * A second call finds it only while the foreign objects exist, so look for it in the cache first.
 * @throws ApiError ConnectionError; the object may have been created all the same
 */
export async function createNamed<T extends KubeObject>(
  client: Pick<KubeClient, 'create' | 'get'>,
  type: ResourceType,
  names: readonly string[],
  build: (name: string) => T,
  isOurs: (existing: T) => boolean,
  options: CallOptions = {},
): Promise<Named<T>> {
  const strangers: string[] = [];
  for (const name of names) {
    const found = await createOrRead(client, type, build(name), options);
    if ('made' in found) return { object: found.made, isNew: true, strangers };
    if (isOurs(found.existing)) return { object: found.existing, isNew: false, strangers };
    strangers.push(name);
  }
  return { isNew: false, strangers };
}

async function createOrRead<T extends KubeObject>(
  client: Pick<KubeClient, 'create' | 'get'>,
  type: ResourceType,
  candidate: T,
  options: CallOptions,
): Promise<{ readonly made: T } | { readonly existing: T }> {
  for (let tried = 1; ; tried++) {
    try {
      return { made: await client.create<T>(type, candidate, options) };
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    try {
      return { existing: await client.get<T>(type, candidate.metadata, options) };
    } catch (error) {
      if (!isNotFound(error) || tried === TRIES) throw error;
    }
  }
}
