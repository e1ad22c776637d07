/** The user's own cluster, by the name of a context. This room neither changes nor stops it. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';
import { must, run } from './command.ts';
import { ClusterError } from './errors.ts';
import { kubectlFor, serverOf } from './kubectl.ts';
import { isReady, type NodeObject } from './node.ts';
import type { ProgressSink } from './progress.ts';
import { stateRoot, writeWhole } from './state.ts';

/** Opens the context. Its part of the kubeconfig is copied, so that the resulting file has only one cluster. */
export async function openContext(context: string, progress?: ProgressSink): Promise<Cluster> {
  const kubectl = await kubectlFor(progress);
  const view = await run(kubectl, ['--context', context, 'config', 'view', '--minify', '--flatten', '--raw']);
  if (view.code !== 0) {
    const known = await must(kubectl, ['config', 'get-contexts', '-o', 'name']);
    const names = known
      .split('\n')
      .filter((name) => name !== '')
      .slice(0, 20);
    throw new ClusterError(
      `The kubeconfig has no context "${context}".`,
      names.length > 0 ? `It has: ${names.join(', ')}.` : 'It has none: set KUBECONFIG, or omit --context.',
    );
  }
  const kubeconfig = contextKubeconfig(context);
  writeWhole(kubeconfig, view.stdout);
  const ready = await run(kubectl, ['--kubeconfig', kubeconfig, 'get', '--raw', '/readyz'], { timeoutMs: 20_000 });
  if (ready.code !== 0) {
    throw new ClusterError(
      `The cluster of context "${context}" does not answer: ${ready.stderr.trim().slice(-300)}.`,
      'Check that it runs and that your credentials are valid, or omit --context for a local cluster.',
    );
  }
  return {
    name: context,
    kubeconfig,
    kubectl,
    server: await serverOf(kubectl, kubeconfig),
    nodeReady: await anyNodeReady(kubectl, kubeconfig),
    down: async () => rmSync(kubeconfig, { force: true }),
  };
}

/** In a hidden folder, whose name no local cluster can have. */
export function contextKubeconfig(context: string): string {
  return join(stateRoot(), '.contexts', `${encodeURIComponent(context)}.kubeconfig`);
}

/** Whether the cluster has nodes. A user who may not list nodes is assumed to have some. */
async function anyNodeReady(kubectl: string, kubeconfig: string): Promise<boolean> {
  const nodes = await run(kubectl, ['--kubeconfig', kubeconfig, 'get', 'nodes', '-o', 'json'], { timeoutMs: 20_000 });
  if (nodes.code !== 0) return true;
  return (JSON.parse(nodes.stdout) as { items: NodeObject[] }).items.some((node) => isReady(node));
}
