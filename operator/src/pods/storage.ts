import type { PodStatus } from './pod.ts';

/** What a kubelet says of a pod that it evicts for what the pod itself wrote, and what is to be raised. */
const LIMITS: readonly (readonly [said: RegExp, remedy: (name: string) => string])[] = [
  [
    /^Usage of EmptyDir volume "([^"]*)" exceeds the limit /,
    (name) => `raise emptyDir.sizeLimit of the volume ${name}`,
  ],
  [
    /^Container (\S+) exceeded its local ephemeral storage limit /,
    (name) => `raise resources.limits.ephemeral-storage of the container ${name}`,
  ],
  [
    /^Pod ephemeral local storage usage exceeds the total limit of containers /,
    () =>
      'raise resources.limits.ephemeral-storage, which counts logs, the file system of the container and emptyDir volumes',
  ],
];

/**
 * The remedy for a pod that went over a storage limit of its own: another attempt would do the same. The kubelet calls it
 * Evicted, as it calls an eviction under the pressure of the node, and only its words tell them apart.
 * @returns the words of the kubelet with the remedy; undefined for any other end
 */
export function overStorageLimit({ reason, message = '' }: PodStatus = {}): string | undefined {
  if (reason !== 'Evicted') return undefined;
  for (const [said, remedy] of LIMITS) {
    const found = said.exec(message);
    if (found) return `${message.trim().replace(/\.$/, '')}; ${remedy(found[1] ?? '')}`;
  }
  return undefined;
}
