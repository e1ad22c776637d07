import { describe, expect, it } from 'vitest';
import type { HistoryEvent } from '../../api/index.ts';
import { begin, evolve } from './evolve.ts';
import { locate, unitAt } from './locate.ts';
import { isSettled } from './settled.ts';
import type { RunState } from './state.ts';

const ACCEPTED = { type: 'Accepted', t: 0, at: 0, stateVersion: 1, digest: '', parameters: {}, flags: [] } as const;
/** A fan-out of loops, whose second item is in its third iteration, which is a template. */
function stateOf(...more: HistoryEvent[]): RunState {
  const events: HistoryEvent[] = [
    { type: 'Expanded', t: 1, path: 'each', count: 3 },
    { type: 'Iterated', t: 2, path: 'each[0]', index: 0, state: {}, keep: 1 },
    { type: 'Succeeded', t: 3, path: 'each[0]' },
    { type: 'Iterated', t: 3, path: 'each[1]', index: 2, state: {}, keep: 1 },
    { type: 'Opened', t: 4, path: 'each[1]/2', params: {} },
    { type: 'Started', t: 5, path: 'each[1]/2/leaf', attempt: 1 },
    ...more,
  ];
  return events.reduce(evolve, begin({ ...ACCEPTED, flags: [] }));
}
const whatIs = (state: RunState, path: string) => {
  const found = locate(state, path);
  return typeof found === 'string' ? found : found.unit.phase;
};

describe('a path', () => {
  it.each([
    ['each', 'Live'],
    ['each[0]', 'Over'],
    ['each[0]/0', 'Over'],
    ['each[0]/0/leaf', 'Over'],
    ['each[1]', 'Open'],
    ['each[1]/1', 'Over'],
    ['each[1]/1/leaf', 'Over'],
    ['each[1]/2', 'Open'],
    ['each[1]/2/leaf', 'Live'],
    ['each[1]/2/other', 'Unknown'],
    ['each[1]/2/leaf[0]', 'Unknown'],
    ['each[1]/3', 'Unknown'],
    ['each[2]', 'Unknown'],
    ['each[2]/0', 'Unknown'],
    ['other', 'Unknown'],
    ['other[0]', 'Unknown'],
    ['other/0', 'Unknown'],
  ])('%s is %s', (path, phase) => expect(whatIs(stateOf(), path)).toBe(phase));

  it('into what has ended is over, whatever there was', () => {
    const state = stateOf({ type: 'Failed', t: 6, path: 'each[1]', failure: { reason: 'TimedOut', message: '' } });
    for (const path of ['each[1]', 'each[1]/2', 'each[1]/2/leaf', 'each[1]/9/x'])
      expect(whatIs(state, path)).toBe('Over');
  });

  it('that leads nowhere is a mistake of whoever folds it', () => {
    for (const path of ['each[2]/0', 'other/leaf']) expect(() => unitAt(stateOf(), path)).toThrow(RangeError);
  });
});

describe('an attempt', () => {
  it.each([
    ['each[1]/2/leaf', 1, false],
    ['each[1]/2/leaf', 0, true],
    ['each[1]/2/leaf', 2, false],
    ['each[1]/1/leaf', 0, true],
    ['each[1]/2', 0, false],
    ['each[0]', 0, true],
    ['each[2]', 0, false],
    ['each', 0, false],
    ['other', 0, false],
  ])('of %s, number %i, is settled: %s', (path, attempt, settled) => {
    expect(isSettled(stateOf(), path, attempt)).toBe(settled);
  });

  it('of a run that has ended is settled', () => {
    const state = stateOf({ type: 'Finished', t: 9, phase: 'Cancelled', reason: 'Terminated', message: '' });
    expect(isSettled(state, 'each[2]', 0)).toBe(true);
  });
});
