import { describe, expect, it } from 'vitest';
import { decodeState, digestOf, encodeState, joinHistory, plan, replay } from '../../src/engine/index.ts';
import { recordedHistories } from '../support/histories.ts';

const histories = recordedHistories();

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
    expect(plan(definition, digest).tasks.size).toBe(definition.tasks.length);
  });
});
