/** Who is measured when. Pure. */
import type { PeerName, PeersArguments, ScenarioName, SettingName } from './arguments.ts';

export interface Turn {
  readonly scenario: ScenarioName;
  readonly count: number;
  readonly product: 'ado' | PeerName;
  readonly setting: SettingName;
}

/** Settings that are measured with the same number of workflows, and with Ado between them. */
const GROUPS: readonly (readonly SettingName[])[] = [['tuned', 'requeue'], ['default']];

/**
 * In each pair each scenario once for the tuned settings and once for the defaults; in each of these Ado, then the peers.
 * Every other pair goes through them in the opposite order.
 * @param has whether a peer has a setting
 */
export function turnsOf(options: PeersArguments, has: (peer: PeerName, setting: SettingName) => boolean): Turn[] {
  const once = options.scenarios.flatMap((scenario) =>
    GROUPS.flatMap((group) => groupTurns(options, has, scenario, group)),
  );
  return Array.from({ length: options.pairs }, (_, pair) =>
    (pair % 2 === 0) !== options.reverse ? once : [...once].reverse(),
  ).flat();
}

function groupTurns(
  options: PeersArguments,
  has: (peer: PeerName, setting: SettingName) => boolean,
  scenario: ScenarioName,
  group: readonly SettingName[],
): Turn[] {
  const isDefault = group.includes('default');
  const count = countOf(options, scenario, isDefault);
  const peers = options.peers.flatMap((product) =>
    group
      .filter((setting) => options.settings.includes(setting) && has(product, setting))
      .map((setting) => ({ scenario, count, product, setting })),
  );
  if (peers.length === 0) return [];
  return [{ scenario, count, product: 'ado', setting: 'default' }, ...peers];
}

function countOf(options: PeersArguments, scenario: ScenarioName, isDefault: boolean): number {
  if (scenario === 'chain') return isDefault ? options.defaultChains : options.chains;
  return isDefault ? options.defaultRuns : options.runs;
}
