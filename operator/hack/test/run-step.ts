/** Runs one step of `npm test` in a process of its own. */
import { join } from 'node:path';
import { attach, relay } from '../process.ts';
import { quickFiles } from './options.ts';
import { readResults, type StepResult } from './results.ts';
import type { Step, Tier } from './steps.ts';

/** Decisions of the model check. */
const MODEL_STEPS: Readonly<Record<Tier, number>> = { quick: 300_000, full: 10_000_000 };

export interface RunOptions {
  readonly root: string;
  /** Where reports and coverage are left. */
  readonly folder: string;
  readonly tier: Tier;
  readonly seed: number;
  /** Test files, from `operator/`; empty: all of the step. */
  readonly files: readonly string[];
  /** The bundle that tests start as the operator; undefined: the sources, whose coverage is counted. */
  readonly bundle: string | undefined;
  /** Begins each line of the output; undefined: the step has the terminal to itself. */
  readonly prefix?: string | undefined;
}

/** What can be judged without running anything. */
export async function verify({ root }: RunOptions): Promise<StepResult> {
  const code = await attach(process.execPath, [join(root, 'operator/hack/verify.ts')]);
  const state = code === 0 ? 'passed' : 'failed';
  const message = code === 0 ? '' : '    see above';
  const test = { file: 'hack/verify.ts', title: 'verify', state, seconds: 0, retries: 0, message } as const;
  return { tests: [test], files: [], errors: [] };
}

export async function runStep(step: Step, options: RunOptions): Promise<StepResult> {
  const { folder, tier, seed, bundle, prefix } = options;
  const report = join(folder, `${step.name}-${performance.now().toFixed(0)}.json`);
  const environment = {
    ADO_MODEL_STEPS: String(MODEL_STEPS[tier]),
    ...process.env,
    ADO_TEST_REPORT: report,
    ADO_TIER: tier,
    ADO_SEED: String(seed),
    ...(bundle ? { ADO_TEST_OPERATOR: bundle } : { NODE_V8_COVERAGE_OPERATOR: join(folder, 'operator') }),
  };
  const [command = '', ...args] = commandOf(step, options);
  const code = await (prefix === undefined
    ? attach(command, args, environment)
    : relay(command, args, prefix, environment));
  return readResults(report, code);
}

/** The step's program with its arguments, at the lowest priority if its lane is the idle one. */
function commandOf(step: Step, options: RunOptions): string[] {
  const command = [process.execPath, ...vitestArguments(step, options)];
  return step.lane === 'idle' ? ['nice', '-n', '19', ...command] : command;
}

function vitestArguments(step: Step, { root, folder, tier, seed, files, bundle }: RunOptions): string[] {
  const { name, oneOf } = step;
  const chosen = files.length === 0 && tier === 'quick' && oneOf !== undefined ? quickFiles(step, seed, root) : files;
  return [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    ...['--config', join(root, 'operator/vitest.config.ts'), '--project', name],
    ...(tier === 'quick' ? ['--tags-filter=!full'] : []),
    ...(name === 'unit' && !bundle ? ['--coverage', `--coverage.reportsDirectory=${join(folder, 'unit')}`] : []),
    ...chosen.map((file) => join(root, 'operator', file)),
  ];
}
