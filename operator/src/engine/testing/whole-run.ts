/** Small definitions, and whole runs of them against simulated pods. */
import { expect } from 'vitest';
import type { Definition, Task } from '../../api/index.ts';
import { resolveLibrary } from '../plan/library.ts';
import { type Fate, Simulation } from './simulation.ts';

export const task = (name: string, rest: Partial<Task> = {}): Task => ({ name, run: 'true', ...rest });
/** A task with another action than a script. */
export const acting = (name: string, rest: Partial<Task>): Task => ({ name, ...rest });

export function workflow(tasks: Task[], rest: Partial<Definition> = {}): Definition {
  const resolved = resolveLibrary({ defaults: { image: 'busybox' }, tasks, ...rest }, () => ({ problem: 'none' }));
  if ('problems' in resolved) throw new Error(JSON.stringify(resolved.problems));
  return resolved.definition;
}

/** Outcomes of pods, by the path of a task or by its attempt (`path#attempt`). Other pods succeed. */
type Fates = Record<string, Fate>;
export const simulate = (definition: Definition, fates: Fates = {}) =>
  new Simulation(definition, {
    fate: (path, attempt) => fates[`${path}#${attempt}`] ?? fates[path] ?? { end: 'Succeeded' },
  });

/** Runs a definition to its end, and checks that its history folds to its state. */
export function run(definition: Definition, fates: Fates = {}): Simulation {
  const simulation = simulate(definition, fates).run();
  expect(simulation.folded()).toBe(simulation.stored);
  return simulation;
}

export const created = (simulation: Simulation): string[] => [...simulation.pods.keys()];
export const outputs = (text: string): Fate => ({ end: 'Succeeded', outputs: text });
export const FAILED: Fate = { end: 'Failed' };
