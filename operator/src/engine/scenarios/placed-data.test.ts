import { describe, expect, it } from 'vitest';
import { type Given, NotGivenError, PlacedData, UnreadableError } from '../bindings/placed-data.ts';

const MIB = 1024 * 1024;
const placed = (bytes: number, count = 1) => ({ count, bytes, pages: [1] });
const outputs = { v: 'x' };

describe('placed outputs of a pass', () => {
  it('are asked for up to a bound; the rest has its turn in the next pass', () => {
    const tasks = Array.from({ length: 12 }, (_, index) => `t${index}`);
    const ask = (given: ReadonlyMap<string, Given>): PlacedData => {
      const data = new PlacedData(given);
      for (const task of tasks) {
        const read = () => data.read([[task, placed(MIB)]]);
        if (given.has(task)) expect(read()).toEqual(new Map([[task, outputs]]));
        else expect(read).toThrow(NotGivenError);
      }
      return data;
    };
    const first = ask(new Map());
    expect([...first.wanted.keys()]).toEqual(tasks.slice(0, 8));
    const second = ask(new Map(tasks.slice(0, 8).map((task) => [task, { outputs: new Map([[task, outputs]]) }])));
    expect(second.wanted.size).toBe(0);
    expect(second.isFull).toBe(true);
  });

  it('are those of one task up to a bound, and more is refused without asking for it', () => {
    const data = new PlacedData();
    expect(() =>
      data.read([
        ['a', placed(MIB)],
        ['b', placed(1)],
      ]),
    ).toThrow(UnreadableError);
    expect(data.wanted.size).toBe(0);
  });

  it('are those given and those of its own events, and all of them or none', () => {
    const data = new PlacedData(new Map([['a', { outputs: new Map([['a[0]', outputs]]) }]]));
    data.add('a', 'a[1]', outputs);
    expect(data.read([['a', placed(10, 2)]]).size).toBe(2);
    expect(() => data.read([['a', placed(15, 3)]])).toThrow('2 of 3 units');
  });

  it('are not asked for where all of them are of its own events', () => {
    const data = new PlacedData();
    data.add('a', 'a[0]', outputs);
    expect(data.read([['a', placed(5)]]).size).toBe(1);
    expect(data.wanted.size).toBe(0);
  });
});
