import { describe, expect, it } from 'vitest';
import { MAX_OUTPUT_BYTES, parseOutputs } from './outputs.ts';

const declared = [
  { name: 'v' },
  { name: 'n', type: 'Integer' as const },
  { name: 'l', type: 'List' as const },
  { name: 'o', type: 'Object' as const },
];

describe('outputs', () => {
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
    ['{"v": 1.10, "n": 2}', { v: '1.10', n: 2 }],
    ['{"v": 1234567890123456789}', { v: '1234567890123456789' }],
    ['{"v": 1E2}', { v: '1E2' }],
    ['{"v": false}', { v: 'false' }],
    ['v=1234567890123456789', { v: '1234567890123456789' }],
    ['v=007', { v: '007' }],
    ['{"l": [1234567890123456789, 7]}', { l: ['1234567890123456789', 7] }],
    ['l=[1234567890123456789, 7]', { l: ['1234567890123456789', 7] }],
    ['{"o": {"id": 18446744073709551615}}', { o: { id: '18446744073709551615' } }],
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
    ['n=1234567890123456789', 'declare the output as String, which keeps every digit'],
    ['{"n": 1234567890123456789}', '"1234567890123456789" is not an Integer within ±'],
  ])('%j are refused: %s', (text, words) => {
    const { failure } = parseOutputs(text, declared) as { failure: { reason: string; message: string } };
    expect(failure.reason).toBe('OutputsInvalid');
    expect(failure.message).toContain(words);
  });
});

describe('what is no output', () => {
  const TOKEN = `ghp_${'a1B2'.repeat(9)}`;
  const said = (text: string, isWithheld: boolean) =>
    JSON.stringify(parseOutputs(text, [{ name: 'n', type: 'Integer' }], isWithheld));
  const TEXTS = (word: string) => [
    `no ${word}`,
    `${word}=1`,
    `n=${word}`,
    JSON.stringify({ n: word }),
    JSON.stringify({ [word]: 1 }),
  ];

  it.each(TEXTS('word'))('is quoted, but not of a task that reads secrets: %s', (text) => {
    expect(said(text, false)).toContain('word');
    expect(said(text, true)).not.toContain('word');
  });

  it.each(TEXTS(TOKEN))('is quoted without what looks like a secret: %s', (text) => {
    expect(said(text, false)).toContain('[redacted]');
    expect(said(text, false)).not.toContain('a1B2');
  });
});
