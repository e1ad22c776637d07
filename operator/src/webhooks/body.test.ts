import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { BodyBudget, parseBody, readBody } from './body.ts';

const coming = (chunks: readonly string[], headers: Record<string, string> = {}) => {
  let given = 0;
  const stream = Readable.from(
    (function* () {
      for (const chunk of chunks) {
        given++;
        yield Buffer.from(chunk);
      }
    })(),
    { objectMode: true, highWaterMark: 1 },
  );
  return { request: Object.assign(stream, { headers }) as unknown as IncomingMessage, given: () => given };
};

describe('a body', () => {
  it('is read completely up to its limit', async () => {
    const read = await readBody(coming(['ab', 'cd']).request, 4, new BodyBudget());
    expect('bytes' in read && read.bytes.toString()).toBe('abcd');
  });

  it('over the limit is read no further, and gives its share of the budget back', async () => {
    const budget = new BodyBudget(10);
    const { request, given } = coming(Array.from({ length: 100 }, () => 'abc'));
    expect(await readBody(request, 7, budget)).toMatchObject({ status: 413, result: 'TooLarge' });
    expect(given()).toBeLessThan(10);
    expect(budget.take(10)).toBe(true);
  });

  it('with a content-length over the limit is not read', async () => {
    const { request, given } = coming(['abc'], { 'content-length': '8' });
    expect(await readBody(request, 7, new BodyBudget())).toMatchObject({ status: 413 });
    expect(given()).toBe(0);
  });

  it('is answered 503 while other bodies use up the budget', async () => {
    const budget = new BodyBudget(5);
    const first = await readBody(coming(['abcd']).request, 100, budget);
    expect(await readBody(coming(['abcd']).request, 100, budget)).toMatchObject({ status: 503, result: 'Busy' });
    if ('release' in first) first.release();
    expect(await readBody(coming(['abcd']).request, 100, budget)).toHaveProperty('bytes');
  });
});

describe('the value of a body in expressions', () => {
  const see = (text: string, type?: string) => parseBody(Buffer.from(text), type);

  it('is parsed JSON for every JSON content type', () => {
    for (const type of [undefined, 'application/json', 'application/cloudevents+json; charset=utf-8']) {
      expect(see('{"a": [1, null]}', type)).toEqual({ body: { a: [1, null] } });
    }
  });

  it('is the fields of a form, or the JSON in its payload', () => {
    const type = 'application/x-www-form-urlencoded';
    expect(see('a=1&b=x%20y', type)).toEqual({ body: { a: '1', b: 'x y' } });
    expect(see(`payload=${encodeURIComponent('{"ref":"main"}')}`, type)).toEqual({ body: { ref: 'main' } });
  });

  it('is the string of a text, and null for an empty body', () => {
    expect(see('{not json}', 'text/plain')).toEqual({ body: '{not json}' });
    expect(see('  ')).toEqual({ body: null });
  });

  it('is refused when it is not valid JSON, without quoting it', () => {
    const refused = see('{"password": hunter2}', 'application/json');
    expect(refused).toMatchObject({ status: 422, result: 'BodyInvalid' });
    expect(JSON.stringify(refused)).not.toContain('hunter2');
  });
});
