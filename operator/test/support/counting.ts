import type { Loop } from '../../src/api/index.ts';

/** A loop of so many iterations, which adds up their numbers. */
export const countTo = (iterations: number): Loop => ({
  state: { n: '0', sum: '0' },
  next: { n: 'state.n + 1', sum: 'state.sum + state.n' },
  while: `state.n < ${iterations}`,
  maxIterations: 1_000_000,
});
