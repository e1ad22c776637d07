import { parseArgs } from 'node:util';

export const SCENARIOS = ['diamonds', 'deleted', 'chain', 'apply'] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

export interface BenchArguments {
  readonly help: boolean;
  readonly scenarios: readonly ScenarioName[];
  readonly runs: number;
  readonly pairs: number;
  readonly chains: number;
  readonly applies: number;
  readonly floor: boolean;
  readonly out: string | undefined;
  readonly name: string;
  readonly nodes: number;
  readonly down: boolean;
  readonly profile: string | undefined;
}

export const USAGE = `Usage: npm run bench [-- options]

Measures the operator on a cluster of simulated nodes, about 10 minutes. Prints tables, what of them meets the gates,
and everything as one line of JSON. Only figures of a machine that does nothing else can be compared.

  --scenario A,B     diamonds, deleted (diamonds whose pods are deleted), chain, apply or all (default all)
  --runs 500         diamonds: how many workflows of 4 tasks of 1 s at once
  --pairs 5          diamonds: how often Ado and the floor are measured, in turns
  --no-floor         diamonds: leave the floor out
  --chains 50        chain: how many chains of 10 tasks of 1 s at once
  --applies 200      apply: how many workflows are applied, one after the other
  --out FILE         write the JSON to a file instead
  --profile FOLDER   write CPU profiles and logs of the operator
  --name ado-bench   name of the cluster, which is left running
  --nodes 20         how many simulated nodes
  --down             end the cluster afterwards
`;

const OPTIONS = {
  help: { type: 'boolean', default: false },
  scenario: { type: 'string', default: 'all' },
  runs: { type: 'string', default: '500' },
  pairs: { type: 'string', default: '5' },
  'no-floor': { type: 'boolean', default: false },
  chains: { type: 'string', default: '50' },
  applies: { type: 'string', default: '200' },
  out: { type: 'string' },
  profile: { type: 'string' },
  name: { type: 'string', default: 'ado-bench' },
  nodes: { type: 'string', default: '20' },
  down: { type: 'boolean', default: false },
} as const;

/** @throws TypeError that names the option, its value and the remedy */
export function readArguments(args: readonly string[]): BenchArguments {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  return {
    help: values.help,
    scenarios: scenariosOf(values.scenario),
    runs: whole('runs', values.runs, 1000),
    pairs: whole('pairs', values.pairs, 100),
    chains: whole('chains', values.chains, 1000),
    applies: whole('applies', values.applies, 10_000),
    nodes: whole('nodes', values.nodes, 1000),
    floor: !values['no-floor'],
    out: values.out,
    profile: values.profile,
    name: values.name,
    down: values.down,
  };
}

function scenariosOf(text: string): ScenarioName[] {
  if (text === 'all') return [...SCENARIOS];
  return text.split(',').map((name) => {
    const known = SCENARIOS.find((scenario) => scenario === name);
    if (!known) throw new TypeError(`--scenario: there is no "${name}"; there are ${SCENARIOS.join(', ')} and all`);
    return known;
  });
}

/** A whole number from 1 to `most`. @throws TypeError as `readArguments` */
export function whole(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new TypeError(`--${name}: "${text}" is no whole number from 1 to ${most}`);
}
