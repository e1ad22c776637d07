import { defineConfig } from 'vitest/config';
import { ResultReporter } from './hack/test/reporter.ts';
import { STEPS } from './hack/test/steps.ts';

export default defineConfig({
  test: {
    reporters: ['default', new ResultReporter()],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/testing/**', '**/model/**'],
      reporter: ['json'],
    },
    projects: STEPS.map(({ name, include, exclude = [], timeoutMs, workers, retry = 0, sharesModules, setup }) => ({
      test: {
        name,
        include: [...include],
        exclude: [...exclude],
        root: import.meta.dirname,
        testTimeout: timeoutMs,
        hookTimeout: timeoutMs,
        retry,
        isolate: !sharesModules,
        ...(workers === undefined ? {} : { maxWorkers: workers, fileParallelism: workers > 1 }),
        ...(setup === undefined ? {} : { globalSetup: setup }),
        strictTags: true,
        tags: [{ name: 'full', description: 'Takes longer than npm test may: npm run test:full runs it.' }],
      },
    })),
  },
});
