import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8Length } from './utf8.ts';

describe('the length of a text in UTF-8', () => {
  it.each(['', 'a', '\u007f', '\u0080', '\u07ff', '\u0800', '\uffff', '\u{10000}', 'aé漢😀'])(
    'is exact for %j',
    (text) => {
      expect(utf8Length(text)).toBe(Buffer.byteLength(text));
    },
  );

  it('is exact for every text of whole characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length);
      }),
    );
  });
});
