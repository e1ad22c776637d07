/** What clusters need of the machine, made ready before the first of them is opened. */
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

/** ms that building what is missing takes on this machine. @throws ClusterError as `ensureBinaries` */
export const preparationAhead = (needed: Needed): Promise<number> => buildingAhead(binariesOf(needed));

/**
 * Builds and installs what is missing. Whoever opens several clusters at once does this first: they would wait for one
 * another's builds, inside of whatever timeout they have.
 * @throws ClusterError when the machine lacks something
 */
export async function prepareMachine(needed: Needed, progress: ProgressSink): Promise<void> {
  if (needed === 'clusters') await ensurePackages(progress);
  await ensureBinaries(binariesOf(needed), progress);
}
