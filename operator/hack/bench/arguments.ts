import { parseArgs } from 'node:util';

export const SCENARIOS = ['diamonds', 'deleted', 'chain', 'apply', 'library', 'queue', 'memory'] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

export interface BenchArguments {
  readonly help: boolean;
  readonly scenarios: readonly ScenarioName[];
  readonly runs: number;
  readonly pairs: number;
  readonly chains: number;
  readonly applies: number;
  readonly templates: number;
  readonly touches: number;
  readonly queued: number;
  readonly kept: number;
  readonly held: number;
  readonly floor: boolean;
  readonly out: string | undefined;
  readonly name: string;
  readonly nodes: number;
  readonly down: boolean;
  readonly profile: string | undefined;
  /** Cores that everything may use; undefined: all. */
  readonly cpus: number | undefined;
}

export const USAGE = `Usage: npm run bench [-- options]

Measures the operator on a cluster of simulated nodes, about 20 minutes. Prints tables, a verdict on each figure that has
a gate, and everything as one line of JSON. Gates hold on any machine; seconds can only be compared between calls on one
machine that does nothing else.

  --scenario A,B     diamonds, deleted (diamonds whose pods are deleted), chain, apply, library, queue, memory or all
                     (default all)
  --runs 500         diamonds: how many workflows of 4 tasks of 1 s at once
  --pairs 5          diamonds: how often Ado and the floor are measured, in turns
  --no-floor         diamonds, chain, apply: leave out the same pods without an operator, and the gates that need them
  --chains 50        chain: how many chains of 10 tasks of 1 s at once
  --applies 200      apply: how many workflows are applied, one after the other
  --templates 90     library: how many templates the workflow uses
  --touches 300      library: how often the workflow is changed
  --queued 500       queue: how many runs wait under one concurrency key; beside it, five times a fifth of them
  --kept 10000       memory: how many runs that have ended are kept
  --held 1000        memory: how many runs are in progress
  --cpus N           play a smaller machine: the cluster, the operator and the benchmark share N cores
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
  templates: { type: 'string', default: '90' },
  touches: { type: 'string', default: '300' },
  queued: { type: 'string', default: '500' },
  kept: { type: 'string', default: '10000' },
  held: { type: 'string', default: '1000' },
  cpus: { type: 'string' },
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
    templates: whole('templates', values.templates, 1000),
    touches: whole('touches', values.touches, 10_000),
    queued: whole('queued', values.queued, 1000),
    kept: whole('kept', values.kept, 100_000),
    held: whole('held', values.held, 10_000),
    cpus: values.cpus === undefined ? undefined : whole('cpus', values.cpus, 1024),
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
