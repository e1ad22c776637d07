/** What `npm test` says before it begins: what it needs, for how long, and how to have the same again. */
import { duration } from '../../cluster/index.ts';
import { lanesOf } from './lanes.ts';
import type { Options } from './options.ts';
import { expectedSeconds } from './summary.ts';

/**
 * @param seed of all that tests choose by chance
 * @param pace how many times as long as the reference this machine takes
 * @param building ms that programs take that must be built first
 */
export function announcement(options: Options, seed: number, pace: number, building = 0): string[] {
  const { tier, steps, files, repeat } = options;
  const needed = expectedSeconds(lanesOf(options), tier, pace) * 1000 * repeat;
  const what =
    files.length > 0 ? files.join(', ') : steps.map((step) => (step === 'verify' ? step : step.name)).join(', ');
  return [
    `${tier === 'full' ? 'the full tier of' : 'the quick tier of'} ${what}`,
    files.length > 0
      ? ''
      : `about ${duration(needed)} on this machine, which takes ${pace.toFixed(2)} times the reference`,
    building > 0 ? `first, Kubernetes is built from its Go modules: about ${duration(building)}, once` : '',
    `ADO_SEED=${seed} takes the same cases again`,
  ].filter((line) => line !== '');
}
