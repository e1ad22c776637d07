import type { ObjectRef } from './metadata.ts';

/** The key of an object in stores and queues: `namespace/name`, or `name` if it has no namespace. */
export function objectKey({ namespace, name }: ObjectRef): string {
  return namespace ? `${namespace}/${name}` : name;
}

/** The inverse of `objectKey`. */
export function parseKey(key: string): ObjectRef {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
