/** An open cluster of any kind. */
export interface Cluster {
  name: string;
  /** Path of a kubeconfig with all rights. */
  kubeconfig: string;
  /** Path of a kubectl of the server's version (the one on the PATH for the user's own cluster). */
  kubectl: string;
  /** URL of the API server. */
  server: string;
  /** Path of the audit log (JSON lines, level Metadata); embedded clusters only. */
  auditLog?: string;
  /** Pids of its parts that run now, by name: `etcd`, `kube-apiserver`, …; embedded clusters only. */
  processes?: () => ReadonlyMap<string, number>;
  /** Address of this machine for the cluster's pods and API server; embedded clusters only. */
  hostAddress?: string;
  /** Whether pods can run: a node, real or simulated, is Ready. */
  nodeReady: boolean;
  /** Stops the cluster and removes all of its files. Harmless if repeated. Does nothing to the user's own cluster. */
  down(): Promise<void>;
}
