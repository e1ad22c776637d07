/** Prepares the machine before the first cluster is opened. */
import { buildingAhead, ensureBinaries } from './build.ts';
import { type Binary, binariesFor, CONTROL_PLANE } from './build-plan.ts';
import { ensurePackages } from './packages.ts';
import type { ProgressSink } from './progress.ts';

/** API servers alone, or whole clusters with real and simulated nodes. */
export type Needed = 'nothing' | 'api servers' | 'clusters';

function binariesOf(needed: Needed): readonly Binary[] {
  if (needed === 'clusters') return [...binariesFor({ node: true, simulated: true }), 'versitygw'];
  return needed === 'api servers' && !process.env.KUBEBUILDER_ASSETS ? CONTROL_PLANE : [];
}

/** Expected ms to build missing programs on this machine. @throws ClusterError like `ensureBinaries` */
export const preparationAhead = (needed: Needed): Promise<number> => buildingAhead(binariesOf(needed));

/**
 * Builds and installs missing programs. Call this before opening several clusters at once, which would wait for one
 * another's builds within their timeouts.
 * @throws ClusterError when the machine lacks something
 */
export async function prepareMachine(needed: Needed, progress: ProgressSink): Promise<void> {
  if (needed === 'clusters') await ensurePackages(progress);
  await ensureBinaries(binariesOf(needed), progress);
}
