import type { KubeObject, ObjectMeta, OwnerReference } from './metadata.ts';

/**
 * The reference that makes an object the controller of another one. It does not block the deletion of the owner: that
 * would need the right to update the finalizers of the owner, where the cluster enforces it.
 */
export function asController(owner: Pick<OwnerReference, 'apiVersion' | 'kind' | 'name' | 'uid'>): OwnerReference {
  return { ...owner, controller: true, blockOwnerDeletion: false };
}

/** The owner that controls an object, if any. */
export function controllerOf(meta: ObjectMeta): OwnerReference | undefined {
  return meta.ownerReferences?.find((owner) => owner.controller === true);
}

/** Whether the owner with this uid is the controller of `object`. */
export function isControlledBy(object: KubeObject, ownerUid: string): boolean {
  return object.metadata.ownerReferences?.some((ref) => ref.controller === true && ref.uid === ownerUid) ?? false;
}
