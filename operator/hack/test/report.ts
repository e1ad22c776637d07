/** What vitest's JSON report of one step says, in short. */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** What failed and why, in a few lines each: said again at the end, where a log of an hour is read first. */
  readonly failures: readonly string[];
}

/** The part of the report that is read here. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

const LINES = 12;
const COLUMNS = 240;

/** Tests as vitest counted them; a run that broke before it could count is one failure, and never a success. */
export function readCounts(path: string, code: number, root: string): Counts {
  try {
    const report = JSON.parse(readFileSync(path, 'utf8')) as Report;
    const { numPassedTests: passed, numFailedTests } = report;
    const isBroken = numFailedTests === 0 && (code !== 0 || passed === 0);
    return { passed, failed: numFailedTests + (isBroken ? 1 : 0), failures: failuresOf(report, root) };
  } catch {
    return { passed: 0, failed: 1, failures: ['vitest left no report'] };
  }
}

function failuresOf({ testResults }: Report, root: string): string[] {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(root, name);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (failed.length === 0) return status === 'failed' ? [`${file}\n${shortened(message)}`] : [];
    return failed.map((test) => `${file} > ${test.fullName}\n${shortened(test.failureMessages.join('\n'))}`);
  });
}

function shortened(message: string): string {
  const lines = stripVTControlCharacters(message).split('\n').slice(0, LINES);
  return lines.map((line) => `    ${line.slice(0, COLUMNS)}`).join('\n');
}
