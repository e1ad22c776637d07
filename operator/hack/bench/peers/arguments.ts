import { parseArgs } from 'node:util';
import { whole } from '../arguments.ts';

export const PEERS = ['argo', 'tekton'] as const;
export type PeerName = (typeof PEERS)[number];
export const SETTINGS = ['default', 'tuned', 'requeue'] as const;
export type SettingName = (typeof SETTINGS)[number];
export const SCENARIOS = ['diamonds', 'chain'] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

export interface PeersArguments {
  readonly help: boolean;
  readonly peers: readonly PeerName[];
  readonly settings: readonly SettingName[];
  readonly scenarios: readonly ScenarioName[];
  readonly runs: number;
  readonly defaultRuns: number;
  readonly chains: number;
  readonly defaultChains: number;
  readonly pairs: number;
  readonly reverse: boolean;
  readonly floor: boolean;
  readonly out: string | undefined;
  /** Results of earlier calls to print as one table; nothing is measured then. */
  readonly table: readonly string[];
  readonly name: string;
  readonly nodes: number;
  readonly down: boolean;
}

export const USAGE = `Usage: npm run bench:peers [-- options]

Measures Ado, Argo Workflows and Tekton Pipelines in turns, on one control plane with the same simulated nodes.
Builds the peers from pinned Go modules the first time (about 6 minutes on 2 cores). Prints a table.

  --peers argo,tekton            whom to measure beside Ado
  --settings default,tuned       default, tuned, requeue (Argo alone: tuned, and DEFAULT_REQUEUE_TIME=100ms)
  --scenario diamonds,chain      what is measured
  --runs 500                     diamonds: how many workflows of 4 tasks of 1 s at once
  --chains 50                    chain: how many chains of 10 tasks of 1 s at once
  --default-runs 100             the same for default settings, whose client limits bind long before that:
  --default-chains 5               Ado is measured with as many beside them
  --pairs 1                      how often each is measured, in turns; every other time in the opposite order
  --reverse                      begin with the opposite order
  --no-floor                     leave out the floor: the same pods without any operator
  --out FILE                     write everything that was measured, as JSON, after every measurement
  --table FILE,FILE              measure nothing; print the table of what these hold together
  --name ado-peers               name of the cluster, which is left running
  --nodes 20                     how many simulated nodes
  --down                         end the cluster afterwards
`;

const OPTIONS = {
  help: { type: 'boolean', default: false },
  peers: { type: 'string', default: PEERS.join(',') },
  settings: { type: 'string', default: 'default,tuned' },
  scenario: { type: 'string', default: SCENARIOS.join(',') },
  runs: { type: 'string', default: '500' },
  'default-runs': { type: 'string', default: '100' },
  chains: { type: 'string', default: '50' },
  'default-chains': { type: 'string', default: '5' },
  pairs: { type: 'string', default: '1' },
  reverse: { type: 'boolean', default: false },
  'no-floor': { type: 'boolean', default: false },
  out: { type: 'string' },
  table: { type: 'string' },
  name: { type: 'string', default: 'ado-peers' },
  nodes: { type: 'string', default: '20' },
  down: { type: 'boolean', default: false },
} as const;

/** @throws TypeError that names the option, its value and the remedy */
export function readArguments(args: readonly string[]): PeersArguments {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const runs = whole('runs', values.runs, 1000);
  const chains = whole('chains', values.chains, 1000);
  return {
    help: values.help,
    peers: named('peers', values.peers, PEERS),
    settings: named('settings', values.settings, SETTINGS),
    scenarios: named('scenario', values.scenario, SCENARIOS),
    runs,
    defaultRuns: Math.min(runs, whole('default-runs', values['default-runs'], 1000)),
    chains,
    defaultChains: Math.min(chains, whole('default-chains', values['default-chains'], 1000)),
    pairs: whole('pairs', values.pairs, 100),
    reverse: values.reverse,
    floor: !values['no-floor'],
    out: values.out,
    table: values.table?.split(',') ?? [],
    name: values.name,
    nodes: whole('nodes', values.nodes, 1000),
    down: values.down,
  };
}

function named<T extends string>(option: string, text: string, known: readonly T[]): T[] {
  return text.split(',').map((name) => {
    const found = known.find((one) => one === name);
    if (!found) throw new TypeError(`--${option}: there is no "${name}"; there are ${known.join(', ')}`);
    return found;
  });
}
