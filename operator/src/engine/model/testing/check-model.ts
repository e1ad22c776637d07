import fc from 'fast-check';
import { runCase } from '../run-model.ts';

const PARTS = 2;
const CASES_AT_ONCE = 200;

const numbers = (minLength: number, maxLength: number) =>
  fc.array(fc.nat(0xffff), { minLength, maxLength, size: 'max' });
const cases = fc.record({ definition: numbers(0, 250), fates: numbers(0, 60), steps: numbers(0, 120) });

/**
 * One part of the model check: random cases until it has made its share of the decisions. Prints how many, and the seed
 * from which ADO_MODEL_SEED makes the same cases again; a failure names seed and path besides, and the smallest case.
 * @param steps decisions of all parts together
 * @returns how many decisions were made, and how many were asked for
 */
export function checkModel(part: number, steps: number, first: number): { decisions: number; wanted: number } {
  const wanted = Math.ceil(steps / PARTS);
  let decisions = 0;
  let runs = 0;
  for (let seed = first + part; decisions < wanted; seed += PARTS) {
    const property = fc.property(cases, (each) => {
      decisions += runCase(each);
      runs++;
    });
    fc.assert(property, { numRuns: CASES_AT_ONCE, seed });
  }
  console.log(`model, part ${part}: ${decisions} decisions in ${runs} cases, ADO_MODEL_SEED=${first}`);
  return { decisions, wanted };
}
