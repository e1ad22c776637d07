import { describe, expect, it } from 'vitest';
import { type Case, runCase } from './run-model.ts';

/** Numbers of a case, by their place; all others are 0. */
const numbers = (length: number, by: Readonly<Record<number, number>>): number[] =>
  Array.from({ length }, (_, index) => by[index] ?? 0);

const CASES: readonly (readonly [name: string, each: Case])[] = [
  [
    'a wait inside of a unit that is stopped at the same moment',
    {
      definition: numbers(81, { 0: 11179, 1: 25877, 23: 43229, 36: 47480, 73: 10396, 76: 26316, 80: 52826 }),
      fates: numbers(9, { 4: 22996, 8: 56360 }),
      steps: numbers(0, {}),
    },
  ],
  [
    'outputs of the tail that are a page when the same question is asked again',
    {
      definition: numbers(93, { 1: 33105, 22: 44570, 45: 34429, 46: 63178, 87: 14960, 92: 1631 }),
      fates: numbers(33, { 2: 12118, 32: 59592 }),
      steps: numbers(13, { 2: 9025, 3: 16217, 4: 38577, 7: 6125, 10: 10, 11: 10, 12: 1625 }),
    },
  ],
];

const WRONG_CASES: readonly (readonly [name: string, each: Case])[] = [
  [
    'more answers in one reconcile than it has rounds, behind a task that an expression fails',
    {
      definition: numbers(152, {
        ...{ 0: 15886, 1: 22094, 20: 20175, 38: 12980, 45: 27096, 69: 48043, 70: 51926, 121: 1680 },
        ...{ 132: 37937, 134: 3060, 145: 8485, 148: 8460, 151: 70 },
      }),
      fates: numbers(23, { 9: 25860, 12: 9097, 13: 11560, 14: 31660, 22: 14660 }),
      steps: numbers(0, {}),
    },
  ],
  [
    'an item that was begun beside one whose refusal ends the run, which then continues',
    {
      definition: numbers(65, { 1: 18946, 14: 7017, 37: 3366, 41: 3475, 44: 22570, 52: 28172, 64: 60279 }),
      fates: numbers(1, { 0: 23897 }),
      steps: numbers(0, {}),
    },
  ],
];

describe('the engine, over cases in which it once was wrong,', () => {
  it.each(WRONG_CASES)('is right with %s', (_name, each) => {
    expect(runCase(each)).toBeGreaterThan(0);
  });
});

describe('the model, over cases that it once took for violations,', () => {
  it.each(CASES)('is content with %s', (_name, each) => {
    expect(runCase(each)).toBeGreaterThan(0);
  });
});
