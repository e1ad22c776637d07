import { describe, expect, it } from 'vitest';
import { MAX_OUTPUT_BYTES, parseOutputs, utf8Length } from './outputs.ts';

const declared = [{ name: 'v' }, { name: 'n', type: 'Integer' as const }];

describe('outputs', () => {
  it.each(['', 'a', '\u007f', '\u0080', '\u07ff', '\u0800', '\uffff', '\u{10000}', 'aé漢😀'])(
    'of %j have as many bytes as UTF-8',
    (text) => {
      expect(utf8Length(text)).toBe(Buffer.byteLength(text));
    },
  );

  it('may have one byte less than the kubelet keeps, for a text of that size may be cut', () => {
    const text = (bytes: number) => `v=${'x'.repeat(bytes - 2)}`;
    expect(parseOutputs(text(MAX_OUTPUT_BYTES - 1), declared)).toHaveProperty('outputs');
    expect(parseOutputs(text(MAX_OUTPUT_BYTES), declared)).toMatchObject({ failure: { reason: 'OutputsTooLarge' } });
  });

  it.each([
    ['v=a\nn=2', { v: 'a', n: 2 }],
    ['v=a=b\r\n\r\n', { v: 'a=b' }],
    [' v =a', { v: 'a' }],
    ['{"v": "a", "n": 2}', { v: 'a', n: 2 }],
    ['  \n', {}],
    ['v=', { v: '' }],
  ])('%j are %j', (text, outputs) => expect(parseOutputs(text, declared)).toEqual({ outputs }));

  it.each([
    ['=a', '=a'],
    ['nothing', 'nothing'],
    ['{"v"', 'not a JSON object'],
    ['[1]', '[1]'],
    ['w=1', '"w" is not declared'],
    ['n=x', 'the output n'],
  ])('%j are refused: %s', (text, words) => {
    const { failure } = parseOutputs(text, declared) as { failure: { reason: string; message: string } };
    expect(failure.reason).toBe('OutputsInvalid');
    expect(failure.message).toContain(words);
  });
});
