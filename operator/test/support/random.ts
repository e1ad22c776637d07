/** Chance that can be had again: the same seed gives the same numbers. */

/** Numbers in [0, 1) by mulberry32: small, quick, and good enough to choose faults. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of this run of the tests: `ADO_SEED` repeats one that failed. */
export const SEED = Number(process.env.ADO_SEED ?? Math.floor(Math.random() * 2 ** 32));
