/** One attempt of a task of a run, to which artifacts and a log belong. */
export interface AttemptAddress {
  readonly namespace: string;
  readonly runUid: string;
  /** Path of the unit, such as `ship/build[2]`. */
  readonly path: string;
  readonly attempt: number;
}

const MANIFEST = 'manifest.json';

/** Everything of one run, for listing and deleting. */
export const runPrefix = (namespace: string, runUid: string): string => `${namespace}/${runUid}/`;

/** Everything of one attempt. Names of artifacts have no dots, so none can take the place of a file of ours. */
const attemptPrefix = ({ namespace, runUid, path, attempt }: AttemptAddress): string =>
  `${runPrefix(namespace, runUid)}${path}/${attempt}/`;

export const artifactKey = (address: AttemptAddress, name: string): string => `${attemptPrefix(address)}${name}`;
/** Written when all artifacts of the attempt are stored: until then the attempt has published nothing. */
export const manifestKey = (address: AttemptAddress): string => `${attemptPrefix(address)}${MANIFEST}`;
export const logKey = (address: AttemptAddress): string => `${attemptPrefix(address)}log.gz`;
/** How long the artifacts of a run are kept. */
export const policyKey = (namespace: string, runUid: string): string => `${runPrefix(namespace, runUid)}policy.json`;

/** Which cluster deletes what runs of a namespace have left. It lies beside the runs, where credentials of one namespace reach. */
export const clusterKey = (namespace: string): string => `${namespace}/cluster.json`;
/** Where the next sweep of a namespace continues. */
export const placeKey = (namespace: string): string => `${namespace}/sweep.json`;

/** A published attempt of a task, as its key names it. */
export interface Published {
  readonly key: string;
  /** Index in the fan-out; undefined where there is none. */
  readonly item: number | undefined;
  /** Number of the iteration; 0 where there is no loop. */
  readonly iteration: number;
  readonly attempt: number;
}

/**
 * The manifests that count among the keys under `<namespace>/<run uid>/<path of a task>`: of a task its last attempt, of
 * a loop the last iteration, of a fan-out that of each item, in order. An attempt that succeeded is the last one.
 */
export function publishedIn(keys: Iterable<string>, prefix: string): Published[] {
  const best = new Map<number | undefined, Published>();
  for (const key of keys) {
    const found = key.startsWith(prefix) ? publishedAt(key, key.slice(prefix.length)) : undefined;
    const known = found && best.get(found.item);
    if (found && (!known || isLater(found, known))) best.set(found.item, found);
  }
  return [...best.values()].sort((a, b) => (a.item ?? 0) - (b.item ?? 0));
}

function publishedAt(key: string, rest: string): Published | undefined {
  const match = /^(?:\[(\d+)\])?\/(?:(\d+)\/)?(\d+)\/manifest\.json$/.exec(rest);
  if (!match) return undefined;
  const [, item, iteration = '0', attempt] = match;
  return {
    key,
    item: item === undefined ? undefined : Number(item),
    iteration: Number(iteration),
    attempt: Number(attempt),
  };
}

const isLater = (a: Published, b: Published): boolean =>
  a.iteration === b.iteration ? a.attempt > b.attempt : a.iteration > b.iteration;

/** The run that a key belongs to; undefined for any other object. */
export const runUidOf = (key: string): string | undefined => /^[^/]+\/([^/]+)\//.exec(key)?.[1];
