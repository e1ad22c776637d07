/**
 * `npm test`: what every change must pass, from the quickest to the most real, with the time of each step; ends with the
 * plain line `N passed, N failed`. `npm run test:full` runs all there is. See hack/test/options.ts for what both take.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { closeCluster, type Needed, pace, preparationAhead, prepareMachine, streamProgress } from '../cluster/index.ts';
import { bundleOperator } from './bundle.ts';
import { printCoverage } from './test/coverage.ts';
import { runLanes } from './test/lanes.ts';
import { announcement } from './test/needs.ts';
import { type Options, readOptions, stepOf, USAGE, UsageError } from './test/options.ts';
import { type RunOptions, runStep, verify } from './test/run-step.ts';
import type { Step } from './test/steps.ts';
import { failuresOf, type Outcome, slowestOf, sum, tableOf, weakOf } from './test/summary.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const SEEDS = 2 ** 32;

async function runAll(options: Options, run: RunOptions): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let round = 1; round <= options.repeat; round++) {
    if (options.repeat > 1) console.log(`\n== round ${round} of ${options.repeat}`);
    outcomes.push(...(await runLanes(options, (step, prefix) => timed(step, options, { ...run, prefix }))));
  }
  return outcomes;
}

async function timed(step: 'verify' | Step, { tier, files }: Options, run: RunOptions): Promise<Outcome> {
  const name = step === 'verify' ? step : step.name;
  console.log(`\n== ${name}`);
  const began = performance.now();
  const own = files.filter((file) => stepOf(file) === step);
  const result = step === 'verify' ? await verify(run) : await runStep(step, { ...run, files: own });
  const budget = step === 'verify' || files.length > 0 ? undefined : step.budget[tier];
  const seconds = (performance.now() - began) / 1000;
  console.log(`\n== ${name} took ${seconds.toFixed(0)} s`);
  return { ...result, step: name, seconds, budget };
}

function tell(outcomes: readonly Outcome[], seconds: number): number {
  for (const line of failuresOf(outcomes)) console.log(`\n${line}`);
  for (const line of weakOf(outcomes)) console.log(`\n${line}`);
  for (const line of ['', ...slowestOf(outcomes), '', ...tableOf(outcomes, pace(), seconds)]) console.log(line);
  const [passed, failed] = [sum(outcomes, 'passed'), sum(outcomes, 'failed')];
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** What the steps need of the machine. */
function neededBy({ steps }: Options): Needed {
  const names = new Set(steps.map((step) => (step === 'verify' ? step : step.name)));
  for (const none of ['verify', 'unit', 'model']) names.delete(none);
  if (names.size === 0) return 'nothing';
  return names.size === 1 && names.has('apiserver') ? 'api servers' : 'clusters';
}

/** What its own steps may leave: another run beside this one keeps its clusters. */
const clustersOf = ({ steps }: Options): Set<string> =>
  new Set(steps.flatMap((step) => (step === 'verify' ? [] : (step.clusters ?? []))));

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), ROOT);
  const seed = Number(process.env.ADO_SEED ?? Math.floor(Math.random() * SEEDS));
  const needed = neededBy(options);
  for (const line of announcement(options, seed, pace(), await preparationAhead(needed))) console.log(line);
  await prepareMachine(needed, streamProgress(process.stderr));
  const folder = mkdtempSync(join(tmpdir(), 'ado-test-'));
  const isNamed = options.files.length > 0;
  // Coverage counts the sources; everything else starts what is deployed.
  const bundle = options.tier === 'full' && !isNamed ? undefined : await bundleOperator(join(folder, 'dist'));
  try {
    const began = performance.now();
    const outcomes = await runAll(options, { root: ROOT, folder, tier: options.tier, seed, files: [], bundle });
    if (!bundle) printCoverage(ROOT, folder);
    return tell(outcomes, (performance.now() - began) / 1000);
  } finally {
    if (!isNamed) for (const name of clustersOf(options)) await closeCluster(name);
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
