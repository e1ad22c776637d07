import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from './lines.ts';

describe('LineSplitter', () => {
  it('gives out the same lines however the bytes are cut', () => {
    const line = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll('\n', ' '));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), fc.array(fc.nat(200)), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const splitter = new LineSplitter(10_000);
        const out: string[] = [];
        let from = 0;
        for (const cut of [...cuts, bytes.length]) {
          out.push(...splitter.push(bytes.subarray(from, from + cut)));
          from += cut;
        }
        const expected = Buffer.from(lines.join('\n')).toString('utf8').split('\n');
        expect(out).toEqual(expected.filter((text) => text !== ''));
        expect(splitter.pending).toBe(0);
      }),
    );
  });

  it('holds back what has no newline yet', () => {
    const splitter = new LineSplitter(100);
    expect([...splitter.push(Buffer.from('{"a":1}\n{"b"'))]).toEqual(['{"a":1}']);
    expect(splitter.pending).toBe(4);
    expect([...splitter.push(Buffer.from(':2}\n\n'))]).toEqual(['{"b":2}']);
  });

  it('refuses a line beyond its limit, however it arrives', () => {
    const splitter = new LineSplitter(10);
    expect([...splitter.push(Buffer.from('123456'))]).toEqual([]);
    expect(() => [...splitter.push(Buffer.from('78901'))]).toThrow('larger than 10 bytes');
  });
});
