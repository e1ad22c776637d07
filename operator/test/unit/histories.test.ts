import { describe, expect, it } from 'vitest';
import { EVENTS } from '../../src/api/index.ts';
import { decodeState, digestOf, encodeState, joinHistory, plan, replay } from '../../src/engine/index.ts';
import { recordedHistories } from '../support/histories.ts';

const histories = recordedHistories();

describe('events', () => {
  it('each have a code of their own: two with one code would be read as the same event', () => {
    const codes = Object.values(EVENTS).map(({ code }) => code);
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
  });
});

describe('the recorded histories', () => {
  it('are there', () => {
    expect(histories.length).toBeGreaterThan(0);
  });

  it.each(histories)('fold into the state that was stored, byte for byte: $name', ({ recorded }) => {
    const { history, tail, state } = recorded;
    expect(encodeState(replay(joinHistory(history, tail)))).toBe(state);
  });

  it.each(histories)('have a state that is read and written as it is: $name', ({ recorded }) => {
    expect(encodeState(decodeState(recorded.state))).toBe(recorded.state);
  });

  it.each(histories)('name the definition that they executed by its digest: $name', ({ recorded }) => {
    const { definition, digest, state } = recorded;
    expect(digestOf(definition)).toBe(digest);
    expect(decodeState(state).digest).toBe(digest);
    const { tasks } = plan(definition, digest);
    expect([...tasks.values()].filter(({ role }) => role === 'Main')).toHaveLength(definition.tasks.length);
  });

  it('know all versions of states, and write each as it was: nothing is a new version that an old one can hold', () => {
    const versions = histories.map(({ recorded }) => JSON.parse(recorded.state).v as number);
    expect(new Set(versions)).toEqual(new Set([1, 2, 3, 4]));
    for (const { recorded } of histories.filter((_, index) => versions[index] === 1)) {
      const state = decodeState(recorded.state);
      expect(JSON.parse(encodeState(state)).v).toBe(1);
      state.result = { phase: 'Failed', reason: 'TaskFailed', message: '', t: state.t };
      expect(JSON.parse(encodeState(state)).v).toBe(2);
    }
  });
});
