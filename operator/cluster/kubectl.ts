/** Provides a kubectl, and reads a kubeconfig with it. */
import { ensureBinaries } from './build.ts';
import { must, which } from './command.ts';
import { ClusterError } from './errors.ts';
import type { ProgressSink } from './progress.ts';

/** Builds kubectl if Go is installed: one from the PATH may be too old for the server (Debian's is 1.20). */
export async function kubectlFor(progress?: ProgressSink): Promise<string> {
  if (which('go') !== undefined) return (await ensureBinaries(['kubectl'], progress)).kubectl;
  const found = which('kubectl');
  if (found !== undefined) return found;
  throw new ClusterError('There is neither kubectl nor Go on the PATH.', 'Install kubectl, or Go 1.26 to build it.');
}

/** URL of the server of a kubeconfig's current context. */
export async function serverOf(kubectl: string, kubeconfig: string): Promise<string> {
  const path = 'jsonpath={.clusters[0].cluster.server}';
  return (await must(kubectl, ['--kubeconfig', kubeconfig, 'config', 'view', '--minify', '-o', path])).trim();
}
