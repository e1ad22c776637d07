/** What became of the tests of one step, as the reporter leaves it in a file. */
import { readFileSync } from 'node:fs';

export interface TestResult {
  /** From `operator/`. */
  readonly file: string;
  readonly title: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  readonly seconds: number;
  /** How often it failed before it passed. */
  readonly retries: number;
  /** The reason of a failure in some lines, also of one that a retry mended. */
  readonly message: string;
}

export interface FileResult {
  readonly file: string;
  /** From the first import to the last hook. */
  readonly seconds: number;
}

export interface StepResult {
  readonly tests: readonly TestResult[];
  readonly files: readonly FileResult[];
  /** Failures outside of any test: of a hook, an import, a setup. */
  readonly errors: readonly string[];
}

/**
 * Reads the report of a run of vitest that ended with `code`. A run that broke before it could say what failed, or that
 * ran nothing, has one error and is never a success.
 */
export function readResults(path: string, code: number): StepResult {
  const result = parsed(path);
  if (!result) return { tests: [], files: [], errors: [`vitest ended with ${code} and left no report`] };
  const hasRun = result.tests.some(({ state }) => state !== 'skipped');
  if (!hasRun && result.errors.length === 0) return { ...result, errors: ['no test was run'] };
  const says = result.errors.length > 0 || result.tests.some(({ state }) => state === 'failed');
  return code === 0 || says ? result : { ...result, errors: [`vitest ended with ${code}; see above`] };
}

function parsed(path: string): StepResult | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as StepResult;
  } catch {
    return undefined;
  }
}

export const countOf = ({ tests, errors }: StepResult) => ({
  passed: tests.filter(({ state }) => state === 'passed').length,
  failed: tests.filter(({ state }) => state === 'failed').length + errors.length,
});
