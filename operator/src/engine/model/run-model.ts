import { digestOf, type Plan, plan } from '../index.ts';
import { drawDefinition } from './definitions.ts';
import { Draws } from './draws.ts';
import { takeStep } from './steps.ts';
import { World } from './world.ts';

/** The numbers that a case is made of: its definition, what becomes of attempts, and what happens. */
export interface Case {
  readonly definition: readonly number[];
  readonly fates: readonly number[];
  readonly steps: readonly number[];
}

export function planOf(numbers: readonly number[]): Plan {
  const definition = drawDefinition(new Draws(numbers));
  return plan(definition, digestOf(definition));
}

/**
 * Runs of one definition, one after another, until nothing is left to happen; each goes on until it has ended.
 * @returns how many decisions were made
 * @throws Violation at the first thing that must never be
 */
export function runCase({ definition, fates, steps }: Case): number {
  const compiled = planOf(definition);
  const draws = new Draws(steps);
  const fate = new Draws(fates);
  let decisions = 0;
  do {
    const world = new World(compiled, fate);
    try {
      while (draws.left > 0 && !world.isFinished) takeStep(world, draws);
      world.converge();
    } catch (error) {
      throw new Error(`${error}\nin a run of ${JSON.stringify(compiled.definition)}\n${world.history.join('\n')}`);
    }
    decisions += world.decisions;
  } while (draws.left > 0);
  return decisions;
}
