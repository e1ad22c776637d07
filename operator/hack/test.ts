/**
 * `npm test`: everything, from the quickest to the most real, with the time of each step; ends with the plain line
 * `N passed, N failed`. `node test.ts NAME...` runs some of the steps.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { closeCluster } from '../cluster/index.ts';
import { attach } from './process.ts';
import { printCoverage } from './test/coverage.ts';
import { type Counts, readCounts } from './test/report.ts';

interface Outcome extends Counts {
  readonly step: string;
  readonly seconds: number;
}

const ROOT = resolve(import.meta.dirname, '../..');
const PROJECTS = ['unit', 'model', 'apiserver', 'e2e', 'install', 'crash', 'faults'] as const;
const STEPS = ['verify', ...PROJECTS] as const;
type Step = (typeof STEPS)[number];
/** Clusters that tests may leave when they are killed; ending one that is not there is harmless. */
const CLUSTERS = ['ado-test', 'ado-install', 'ado-crash', 'ado-faults'];

async function runStep(step: Step, folder: string): Promise<Outcome> {
  const started = performance.now();
  const counts = step === 'verify' ? await verify() : await runProject(step, folder);
  return { step, ...counts, seconds: (performance.now() - started) / 1000 };
}

async function verify(): Promise<Counts> {
  const code = await attach(process.execPath, [join(ROOT, 'operator/hack/verify.ts')]);
  return code === 0 ? { passed: 1, failed: 0, failures: [] } : { passed: 0, failed: 1, failures: ['see above'] };
}

async function runProject(project: Step, folder: string): Promise<Counts> {
  const report = join(folder, `${project}.json`);
  const coverage = project === 'unit' ? ['--coverage', `--coverage.reportsDirectory=${join(folder, 'unit')}`] : [];
  const code = await attach(
    process.execPath,
    [
      join(ROOT, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--config',
      join(ROOT, 'operator/vitest.config.ts'),
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...coverage,
    ],
    { ...process.env, NODE_V8_COVERAGE_OPERATOR: join(folder, 'operator') },
  );
  return readCounts(report, code, ROOT);
}

async function main(): Promise<number> {
  const wanted = process.argv.slice(2);
  const unknown = wanted.find((name) => !STEPS.some((step) => step === name));
  if (unknown) {
    console.error(`there is no step "${unknown}"; there are: ${STEPS.join(', ')}`);
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'ado-test-'));
  const outcomes: Outcome[] = [];
  try {
    for (const step of STEPS) {
      if (wanted.length > 0 && !wanted.includes(step)) continue;
      console.log(`\n== ${step}`);
      outcomes.push(await runStep(step, folder));
    }
    printCoverage(ROOT, folder);
  } finally {
    for (const name of CLUSTERS) await closeCluster(name);
    rmSync(folder, { recursive: true, force: true });
  }
  return summarize(outcomes);
}

function summarize(outcomes: readonly Outcome[]): number {
  for (const { step, failures } of outcomes) {
    for (const failure of failures) console.log(`\nfailed in ${step}: ${failure}`);
  }
  console.log('\nstep        passed  failed  seconds');
  for (const { step, passed, failed, seconds } of outcomes) {
    const cells = [
      step.padEnd(10),
      String(passed).padStart(8),
      String(failed).padStart(8),
      seconds.toFixed(0).padStart(9),
    ];
    console.log(cells.join(''));
  }
  const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
  const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
