/** `npm run bench`: what Ado costs, measured on simulated nodes beside the least that the same pods can take. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ClusterError } from '../cluster/index.ts';
import { apply } from './bench/apply.ts';
import { type BenchArguments, readArguments, USAGE } from './bench/arguments.ts';
import { chain } from './bench/chain.ts';
import { diamonds } from './bench/diamonds.ts';
import { machine } from './bench/machine.ts';
import { applyTable, chainTable, diamondTable, requestTable } from './bench/report.ts';
import { Stage } from './bench/stage.ts';

const say = (text: string) => process.stdout.write(`${text}\n`);
/** What runs while it goes on, as it is no part of the result. */
const note = (text: string) => process.stderr.write(`${text}\n`);

async function measure(stage: Stage, options: BenchArguments): Promise<Record<string, unknown>> {
  const results: Record<string, unknown> = {};
  for (const scenario of options.scenarios) {
    if (scenario === 'diamonds') {
      const pairs = await diamonds(stage, options, note);
      results.diamonds = pairs;
      const last = pairs.at(-1);
      say(`\n${diamondTable(pairs)}`);
      if (last) say(`\n${requestTable(last.ado)}`);
    }
    if (scenario === 'chain') {
      const figures = await chain(stage, options);
      results.chain = figures;
      say(`\n${chainTable(figures)}`);
    }
    if (scenario === 'apply') {
      const figures = await apply(stage, options);
      results.apply = figures;
      say(`\n${applyTable(figures)}`);
    }
  }
  return results;
}

async function main(): Promise<number> {
  const options = readArguments(process.argv.slice(2));
  if (options.help) {
    say(USAGE);
    return 0;
  }
  const folder = options.profile ? resolve(options.profile) : mkdtempSync(join(tmpdir(), 'ado-bench-'));
  const stage = await Stage.open(options.name, options.nodes, folder, options.profile !== undefined);
  const results = await measure(stage, options);
  const { out, profile: _profile, help: _help, ...settings } = options;
  if (out) writeFileSync(out, `${JSON.stringify({ machine: machine(), settings, ...results }, null, 2)}\n`);
  await stage.close();
  if (options.down) await stage.cluster.down();
  // After a failure the folder stays: the operator's log in it says why.
  if (!options.profile) rmSync(folder, { recursive: true, force: true });
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage = error instanceof TypeError && error.message.startsWith('--');
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (isUsage) process.stderr.write(`${error.message}\n\n${USAGE}`);
  else process.stderr.write(`${error instanceof ClusterError ? error.message : text}\n`);
  process.exitCode = isUsage ? 2 : 1;
}
