import type { PodStatus } from './pod.ts';

/** Messages of the kubelet for pods that exceed a storage limit of their own, and the remedies. */
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
 * The remedy for a pod that exceeded a storage limit of its own, which another attempt would exceed too. The reason is
 * Evicted, as for an eviction under node pressure, and only the message distinguishes them.
 * @returns the message of the kubelet with the remedy; undefined for any other end
 */
export function overStorageLimit({ reason, message = '' }: PodStatus = {}): string | undefined {
  if (reason !== 'Evicted') return undefined;
  for (const [said, remedy] of LIMITS) {
    const found = said.exec(message);
    if (found) return `${message.trim().replace(/\.$/, '')}; ${remedy(found[1] ?? '')}`;
  }
  return undefined;
}
