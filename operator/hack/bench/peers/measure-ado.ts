import packageJson from '../../../../package.json' with { type: 'json' };
import { readArguments } from '../arguments.ts';
import { chain } from '../chain.ts';
import { diamonds } from '../diamonds.ts';
import type { Stage } from '../stage.ts';
import { commonOf, type Measurement } from './figures.ts';
import type { Turn } from './turns.ts';

/** Measures Ado by its own bench. */
export async function measureAdo(stage: Stage, { scenario, count }: Turn, floor: boolean): Promise<Measurement> {
  const measurement = {
    scenario,
    count,
    product: 'Ado',
    version: packageJson.version,
    setting: 'default',
    text: 'as config/operator deploys it',
  } as const;
  // The bare pods beside chains are for Ado's own gates.
  const none = floor && scenario === 'diamonds' ? [] : ['--no-floor'];
  const options = readArguments(['--runs', String(count), '--chains', String(count), '--pairs', '1', ...none]);
  if (scenario === 'chain') {
    const { ado, transitionMs } = await chain(stage, options);
    return { ...measurement, figures: commonOf(ado), transitionMs };
  }
  const [pair] = await diamonds(stage, options, () => undefined);
  if (!pair) throw new Error('the bench measured nothing');
  const { ado, floorSeconds } = pair;
  return { ...measurement, figures: commonOf(ado), ...(floorSeconds === undefined ? {} : { floorSeconds }) };
}
