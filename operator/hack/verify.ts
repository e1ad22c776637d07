/** Types, lint, generated files, architecture: what can be judged without running anything. Seconds; exits with 1. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { differences } from './generate/differences.ts';
import { generatedFiles } from './generate/files.ts';

const root = join(import.meta.dirname, '../..');
const operator = join(root, 'operator');

interface Step {
  readonly title: string;
  /** Returns whether all is well, after saying what is not. */
  readonly check: () => boolean;
}

function program(name: string, args: readonly string[]): boolean {
  const { status, error } = spawnSync(join(root, 'node_modules/.bin', name), args, { cwd: operator, stdio: 'inherit' });
  if (error) console.error(`${name} cannot be run: ${error.message}; install it with npm ci`);
  return status === 0;
}

function generated(): boolean {
  const found = differences(root, generatedFiles());
  for (const { path, how } of found) console.error(`${path} is ${how}; write it with npm run generate`);
  return found.length === 0;
}

const STEPS: readonly Step[] = [
  { title: 'types', check: () => program('tsc', ['-p', 'tsconfig.json']) },
  { title: 'lint and format', check: () => program('biome', ['check', '--error-on-warnings', '.']) },
  { title: 'generated files', check: generated },
  {
    title: 'architecture',
    check: () => program('vitest', ['run', '--project', 'unit', '--reporter=dot', 'test/unit/architecture.test.ts']),
  },
];

const failed = STEPS.filter(({ title, check }) => {
  const began = performance.now();
  const well = check();
  console.log(`${well ? 'ok    ' : 'FAILED'} ${title} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  return !well;
});
if (failed.length > 0) {
  console.error(`verify failed: ${failed.map(({ title }) => title).join(', ')}`);
  process.exitCode = 1;
}
