import type { KubeObject } from '../objects/index.ts';
import { microTime } from './clock.ts';
import { apiVersionOf, LEASES } from './resource.ts';

export interface LeaseSpec {
  holderIdentity?: string;
  leaseDurationSeconds?: number;
  acquireTime?: string;
  renewTime?: string;
  leaseTransitions?: number;
}

export interface Lease extends KubeObject {
  spec?: LeaseSpec;
}

export interface LeaseHolder {
  readonly name: string;
  readonly namespace: string;
  readonly identity: string;
  readonly leaseSeconds: number;
}

/** The holder of the lease; empty if it is free. */
export function holderOf(lease: Lease): string {
  return lease.spec?.holderIdentity ?? '';
}

/** The lease as `holder` writes it, over `previous` (with its version) or new. */
export function leaseBody(holder: LeaseHolder, previous: Lease | undefined, now: number): Lease {
  const time = microTime(now);
  const ours = previous !== undefined && holderOf(previous) === holder.identity;
  const transitions = previous?.spec?.leaseTransitions ?? 0;
  return {
    apiVersion: apiVersionOf(LEASES),
    kind: LEASES.kind,
    metadata: previous?.metadata ?? { name: holder.name, namespace: holder.namespace },
    spec: {
      holderIdentity: holder.identity,
      leaseDurationSeconds: holder.leaseSeconds,
      acquireTime: ours ? (previous.spec?.acquireTime ?? time) : time,
      renewTime: time,
      leaseTransitions: ours || !previous ? transitions : transitions + 1,
    },
  };
}

/** The lease after its release: without a holder, and expired in a second. */
export function releasedBody(lease: Lease, now: number): Lease {
  const time = microTime(now);
  return {
    ...lease,
    spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, acquireTime: time, renewTime: time },
  };
}
