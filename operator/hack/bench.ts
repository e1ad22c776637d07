/** `npm run bench`: what Ado costs, measured on simulated nodes beside the least that the same pods can take. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { apply } from './bench/apply.ts';
import { type BenchArguments, readArguments, USAGE } from './bench/arguments.ts';
import { chain } from './bench/chain.ts';
import { deleted, diamonds } from './bench/diamonds.ts';
import { exitCodeOf } from './bench/exit.ts';
import type { Results } from './bench/gates.ts';
import { library } from './bench/library.ts';
import { machine } from './bench/machine.ts';
import { memory } from './bench/memory.ts';
import { pin } from './bench/pin.ts';
import { queue } from './bench/queue.ts';
import { diamondTable, requestTable } from './bench/report.ts';
import { applyTable, chainTable, libraryTable, memoryTable, queueTable } from './bench/scenario-tables.ts';
import { Stage } from './bench/stage.ts';
import { gateTable, verdictsOf } from './bench/verdicts.ts';

const say = (text: string) => process.stdout.write(`${text}\n`);
/** What runs while it goes on, as it is no part of the result. */
const note = (text: string) => process.stderr.write(`${text}\n`);

async function measure(stage: Stage, options: BenchArguments): Promise<Results> {
  const wanted = new Set(options.scenarios);
  const results: { -readonly [Scenario in keyof Results]: Results[Scenario] } = {};
  if (wanted.has('diamonds')) {
    results.diamonds = await diamonds(stage, options, note);
    const last = results.diamonds.at(-1);
    say(`\n${diamondTable(results.diamonds)}`);
    if (last) say(`\n${requestTable(last.ado)}`);
  }
  if (wanted.has('deleted')) {
    results.deleted = await deleted(stage, options);
    say(`\n${requestTable(results.deleted)}`);
  }
  if (wanted.has('chain')) {
    results.chain = await chain(stage, options);
    say(`\n${chainTable(results.chain)}`);
  }
  if (wanted.has('apply')) {
    results.apply = await apply(stage, options);
    say(`\n${applyTable(results.apply)}`);
  }
  if (wanted.has('library')) {
    results.library = await library(stage, options);
    say(`\n${libraryTable(results.library)}`);
  }
  if (wanted.has('queue')) {
    results.queue = await queue(stage, options);
    say(`\n${queueTable(results.queue)}`);
  }
  if (wanted.has('memory')) {
    results.memory = await memory(stage, options);
    say(`\n${memoryTable(results.memory)}`);
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
  await pin(options.cpus, stage.cluster.processes?.().values() ?? []);
  const results = await measure(stage, options);
  const { out, profile: _profile, help: _help, ...settings } = options;
  const gates = verdictsOf(results);
  say(`\n${gateTable(gates)}`);
  const json = { machine: machine(), settings, gates, ...results };
  if (out) writeFileSync(out, `${JSON.stringify(json, null, 2)}\n`);
  else say(`\n${JSON.stringify(json)}`);
  await stage.close();
  if (options.down) await stage.cluster.down();
  // After a failure the folder stays: the operator's log in it says why.
  if (!options.profile) rmSync(folder, { recursive: true, force: true });
  return 0;
}

process.exitCode = await exitCodeOf(main, USAGE);
