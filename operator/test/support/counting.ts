import type { Loop } from '../../src/api/index.ts';

/** A loop of so many iterations, which adds up their numbers, or what an expression has in each. */
export const countTo = (iterations: number, summand = 'state.n'): Loop => ({
  state: { n: '0', sum: '0' },
  next: { n: 'state.n + 1', sum: `state.sum + ${summand}` },
  while: `state.n < ${iterations}`,
  maxIterations: 1_000_000,
});
