/** Vitest's reporter for `npm test`: leaves a StepResult in the file that ADO_TEST_REPORT names. */
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import type { StepResult, TestResult } from './results.ts';

const OPERATOR = new URL('../..', import.meta.url).pathname;
const LINES = 12;
const COLUMNS = 240;

interface Thrown {
  readonly message: string;
  readonly stack?: string | undefined;
}

export class ResultReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly Thrown[]): void {
    const path = process.env.ADO_TEST_REPORT;
    if (path) writeFileSync(path, JSON.stringify(resultOf(modules, unhandled)));
  }
}

function resultOf(modules: readonly TestModule[], unhandled: readonly Thrown[]): StepResult {
  return {
    tests: modules.flatMap((module) => [...module.children.allTests()].map(testResult)),
    files: modules.map((module) => {
      const { collectDuration, setupDuration, prepareDuration, duration } = module.diagnostic();
      return { file: fileOf(module), seconds: (collectDuration + setupDuration + prepareDuration + duration) / 1000 };
    }),
    errors: [...modules.flatMap(errorsOf), ...unhandled.map(shortened)],
  };
}

/** Of a module and its suites: a failed hook fails no test, and must not be lost. */
function errorsOf(module: TestModule): string[] {
  const suites = [...module.children.allSuites()];
  return [...module.errors(), ...suites.flatMap((suite) => suite.errors())].map(
    (error) => `${fileOf(module)}\n${shortened(error)}`,
  );
}

function testResult(test: TestCase): TestResult {
  const { state, errors = [] } = test.result();
  const { duration = 0, retryCount = 0 } = test.diagnostic() ?? {};
  return {
    file: fileOf(test.module),
    title: test.fullName,
    state: state === 'pending' ? 'failed' : state,
    seconds: duration / 1000,
    retries: retryCount,
    message: errors.map(shortened).join('\n'),
  };
}

const fileOf = (module: TestModule): string => relative(OPERATOR, module.moduleId);

function shortened({ message, stack }: Thrown): string {
  const at = stack?.split('\n').find((line) => line.includes('.test.ts')) ?? '';
  const lines = stripVTControlCharacters(`${message}\n${at}`).trimEnd().split('\n').slice(0, LINES);
  return lines.map((line) => `    ${line.slice(0, COLUMNS)}`).join('\n');
}
