/**
 * The parts of every Kubernetes object, whichever kind it is of: its metadata, its key and its owners. Pure.
 *
 * 1. Versions and uids are opaque: compared for equality, never parsed or ordered.
 * 2. An owner is known by its uid, never by its name.
 */
export { objectKey, parseKey } from './key.ts';
export type { KubeObject, ObjectMeta, ObjectRef, OwnerReference } from './metadata.ts';
export { asController, controllerOf, isControlledBy } from './owner.ts';
