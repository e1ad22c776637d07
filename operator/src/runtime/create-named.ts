import type { CallOptions, KubeClient } from './client.ts';
import { isAlreadyExists, isNotFound } from './errors.ts';
import type { KubeObject, ResourceType } from './resource.ts';

/** Creates under one name: what has a name may be deleted in the moment in which it is looked at. */
const TRIES = 3;

/** What came of creating an object that may have one of several names. */
export interface Named<T> {
  /** Nothing where strangers have all names. */
  readonly object?: T;
  readonly isNew: boolean;
  /** Names that others have. */
  readonly strangers: readonly string[];
}

/**
 * Creates an object under the first of its names that no stranger has, or finds the one that was created before. Whoever
 * creates it a second time finds it, as long as the strangers are there; so look for it in the cache first.
 * @throws ApiError ConnectionError; then it may have been created
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
