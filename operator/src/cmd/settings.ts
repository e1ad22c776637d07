import type { KubeConfig } from '@kubernetes/client-node';
import {
  CLUSTER_ACCESS,
  NAMESPACED_ACCESS,
  OWN_NAMESPACE_ACCESS,
  RESOURCE_TASK_ACCESS,
  type Stores,
} from '../controllers/index.ts';
import { AccessTable, loadKubeConfig } from '../runtime/index.ts';
import { ConfigError, type OperatorConfig } from './config.ts';
import { hookAccess } from './webhooks.ts';

const LEASE_NAME = 'ado-operator';
/** client-go's proportions: a leader stops after 2/3 of its lease without a renewal, and renews it every 2/15. */
const RENEW_SHARE = 2 / 3;
const RETRY_SHARE = 2 / 15;
/** A standby only reads, so it polls more often: a released lease of 15 s stays idle for at most half a second. */
const STANDBY_SHARE = 1 / 30;

/** Every call that the operator may make. */
export function accessOf(config: OperatorConfig): AccessTable {
  const cluster = [...(config.namespaces.length === 0 ? CLUSTER_ACCESS : []), ...hookAccess(config)];
  return new AccessTable([...NAMESPACED_ACCESS, ...RESOURCE_TASK_ACCESS, ...cluster, ...OWN_NAMESPACE_ACCESS]);
}

/** The watched namespaces: each served one separately; or all at once, except those that other operators serve. */
export function scopeOf({ namespaces, exceptNamespaces }: OperatorConfig) {
  if (namespaces.length > 0) return { namespaces };
  if (exceptNamespaces.length === 0) return {};
  return { fieldSelector: exceptNamespaces.map((name) => `metadata.namespace!=${name}`).join(',') };
}

/** The lease by which replicas agree on one leader. */
export function leaseOf({ namespace, identity, leaseMs }: OperatorConfig) {
  const renewDeadlineMs = Math.round(leaseMs * RENEW_SHARE);
  return {
    namespace,
    identity,
    name: LEASE_NAME,
    leaseMs,
    renewDeadlineMs,
    retryMs: Math.round(leaseMs * RETRY_SHARE),
    standbyMs: Math.max(100, Math.round(leaseMs * STANDBY_SHARE)),
  };
}

/** The kubeconfig for the API server. @throws ConfigError */
export function kubeConfigOf({ kubeconfig, context }: OperatorConfig): KubeConfig {
  try {
    const config = loadKubeConfig(kubeconfig);
    if (context) config.setCurrentContext(context);
    return config;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`--kubeconfig: cannot use ${kubeconfig ?? 'the default kubeconfig'}: ${why}`);
  }
}

/** The number of active runs. */
export function countActive(stores: Stores): number {
  let active = 0;
  for (const key of stores.runs.keys()) if (!stores.runs.get(key)?.status?.finishedAt) active++;
  return active;
}
