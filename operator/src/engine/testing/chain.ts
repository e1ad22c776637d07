import type { Definition } from '../../api/index.ts';
import { Simulation, type SimulationOptions } from './simulation.ts';

const MAX_LINKS = 200;

/** Runs a chain to its end, one simulation a run, each made of nothing but the stored state of the one before. */
export function runChain(definition: Definition, options: SimulationOptions = {}): Simulation[] {
  const links = [new Simulation(definition, options).run()];
  for (let last = links[0]; last?.state.finished?.reason === 'ContinuedAsNew'; last = links.at(-1)) {
    if (links.length > MAX_LINKS) throw new Error(`the chain did not end in ${MAX_LINKS} runs: ${last.stored}`);
    // A moment goes by between the end of a run and the start of the next.
    const continues = { stored: last.stored, now: last.now + 250 };
    links.push(new Simulation(definition, { ...options, continues }).run());
  }
  return links;
}
