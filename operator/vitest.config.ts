import { defineConfig } from 'vitest/config';

/** Kinds of test, from the quickest to the most real; `npm test` runs them in this order. */
const project = (name: string, include: string[], timeout: number, parallel = true, more = {}) => ({
  test: {
    ...more,
    name,
    include,
    testTimeout: timeout,
    hookTimeout: timeout,
    fileParallelism: parallel,
    root: import.meta.dirname,
  },
});

/** Random runs of the engine: more than a test should take. */
const MODEL = 'src/engine/model/*.test.ts';

export default defineConfig({
  test: {
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/testing/**', '**/model/**'],
      reporter: ['json'],
    },
    projects: [
      project('unit', ['src/**/*.test.ts', 'cluster/**/*.test.ts', 'test/unit/**/*.test.ts'], 30_000, true, {
        exclude: [MODEL],
      }),
      project('model', [MODEL], 24 * 3_600_000),
      project('apiserver', ['test/apiserver/**/*.test.ts'], 120_000, false),
      project('e2e', ['test/e2e/**/*.test.ts'], 300_000, false),
      project('install', ['test/install/**/*.test.ts'], 300_000, false, { globalSetup: 'test/install/setup.ts' }),
      project('crash', ['test/crash/**/*.test.ts'], 600_000, false),
      project('faults', ['test/faults/**/*.test.ts'], 600_000, false),
    ],
  },
});
