import { runUidOf } from './keys.ts';
import { ListTooLongError, type ObjectStore, type StoredObject } from './store.ts';

/** What the store holds of one run. */
export interface LeftRun {
  readonly uid: string;
  readonly objects: readonly StoredObject[];
  /** The key after which the next run begins. */
  readonly lastKey: string;
  /** Whether these are its last objects; otherwise more of them follow. */
  readonly isWhole: boolean;
}

/** Objects that are held at once: a run may have more, and comes in parts then. */
const MAX_OBJECTS = 10_000;

/**
 * The runs of a namespace that have objects in the store, in the order of their keys, from the key `after`.
 * @throws ListTooLongError after the runs that were listed; StoreError
 */
export async function* runsIn(
  store: ObjectStore,
  namespace: string,
  after: string | undefined,
): AsyncGenerator<LeftRun> {
  let objects: StoredObject[] = [];
  let came = false;
  const uid = () => runUidOf(objects[0]?.key ?? '');
  const part = (isWhole: boolean): LeftRun[] => {
    const taken = objects;
    const of = uid();
    objects = [];
    came ||= of !== undefined;
    return of === undefined ? [] : [{ uid: of, objects: taken, lastKey: taken.at(-1)?.key ?? '', isWhole }];
  };
  try {
    for await (const object of store.list(`${namespace}/`, after)) {
      const next = runUidOf(object.key);
      if (next === undefined) continue;
      if (next !== uid() || objects.length === MAX_OBJECTS) yield* part(next !== uid());
      objects.push(object);
    }
  } catch (error) {
    // The next list begins with this run, unless there was no other: a run may have more objects than a list.
    if (error instanceof ListTooLongError && !came) yield* part(false);
    throw error;
  }
  yield* part(true);
}
