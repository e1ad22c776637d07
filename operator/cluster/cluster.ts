/** What every way to a cluster returns. */
export interface Cluster {
  name: string;
  /** Path of a kubeconfig with all rights. */
  kubeconfig: string;
  /** Path of a kubectl of the server's version (of the PATH's, for a cluster of the user's). */
  kubectl: string;
  /** URL of the API server. */
  server: string;
  /** Path of the audit log (JSON lines, level Metadata); embedded clusters only. */
  auditLog?: string;
  /** Pids of its parts that run now, by name: `etcd`, `kube-apiserver`, …; embedded clusters only. */
  processes?: () => ReadonlyMap<string, number>;
  /** Address by which the cluster's pods and API server reach this machine; embedded clusters only. */
  hostAddress?: string;
  /** Whether pods can run: a node, real or simulated, is Ready. */
  nodeReady: boolean;
  /** Ends the cluster and removes all that it made. Harmless when it has ended. Leaves a cluster of the user's alone. */
  down(): Promise<void>;
}
