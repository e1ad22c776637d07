import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { DecodeError, decodeWorkflow } from './decode.ts';
import { KINDS } from './kinds.ts';
import { misfitsOf } from './misfit.ts';

const TASK = { name: 'a', run: 'true' };
const told = (spec: object): string => {
  try {
    decodeWorkflow({ apiVersion: 'v', kind: 'Workflow', metadata: {}, spec: { tasks: [TASK], ...spec } });
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
  return '';
};
const ofTask = (fields: object): string => told({ tasks: [{ ...TASK, ...fields }] });

describe('a value of the wrong type', () => {
  it.each<[object, string]>([
    [{ needs: 'a' }, 'spec.tasks[0].needs: "a" is a string, not a list; write [a]'],
    [{ needs: { a: true } }, 'spec.tasks[0].needs: it is an object, not a list; begin each entry with a dash'],
    [{ needs: [1] }, 'spec.tasks[0].needs[0]: 1 is a number, not a string; write it in quotes: "1"'],
    [{ needs: null }, 'spec.tasks[0].needs: it is empty; give it a list, or leave the field out'],
    [{ env: { X: 3 } }, 'spec.tasks[0].env.X: 3 is a number, not a string; write it in quotes: "3"'],
    [{ env: { X: true } }, 'spec.tasks[0].env.X: true is a Boolean, not a string; write it in quotes: "true"'],
    [{ env: { 'a.b': 3 } }, 'spec.tasks[0].env["a.b"]: 3 is a number, not a string; write it in quotes: "3"'],
    [{ env: [{ name: 'X', value: 'y' }] }, 'spec.tasks[0].env: it is a list, not a map; write NAME: VALUE'],
    [{ run: ['a', 'b'] }, 'spec.tasks[0].run: it is a list, not a string; write a single string'],
    [{ name: undefined }, 'spec.tasks[0].name: it is required; give it a string'],
    [{ template: 'ship' }, 'spec.tasks[0].template: "ship" is a string, not an object; write {name: ship}'],
    [{ sleep: '5m' }, 'spec.tasks[0].sleep: "5m" is a string, not an object; its fields are duration, until'],
    [{ retry: 3 }, 'spec.tasks[0].retry: 3 is a number, not an object; its fields are limit, backoff, when, otherNode'],
    [{ retry: { limit: '3' } }, 'spec.tasks[0].retry.limit: "3" is a string, not an integer; write 3 without quotes'],
    [
      { retry: { limit: 1.5 } },
      'spec.tasks[0].retry.limit: 1.5 is a number, not an integer; write one without a fraction',
    ],
    [
      { forEach: { items: [1], failFast: 'true' } },
      'spec.tasks[0].forEach.failFast: "true" is a string, not a Boolean; write true without quotes',
    ],
  ])('is told with what to write: %j', (fields, sentence) => expect(ofTask(fields)).toBe(sentence));
});

describe('a value that is not allowed', () => {
  it.each<[object, string]>([
    [{ runIf: 'Sometimes' }, 'spec.tasks[0].runIf: "Sometimes" is not allowed; write one of Succeeded, Failed, Always'],
    [{ runIf: 'always' }, 'spec.tasks[0].runIf: "always" is not allowed; write Always'],
    [{ runIf: 3 }, 'spec.tasks[0].runIf: 3 is not allowed; write one of Succeeded, Failed, Always'],
    [
      { hooks: [{ run: 'true', event: 'Done' }] },
      'spec.tasks[0].hooks[0].event: "Done" is not allowed; write one of Started, Succeeded, Failed, Finished',
    ],
    [{ timeout: '5 minutes' }, 'spec.tasks[0].timeout: "5 minutes" is invalid: write a duration like 10s, 5m or 1h30m'],
    [{ name: 'Build' }, 'spec.tasks[0].name: "Build" is invalid: use lowercase letters, digits and dashes;'],
    [{ needs: Array(65).fill('a') }, 'spec.tasks[0].needs: it has 65 entries; at most 64 are allowed'],
    [{ image: 'i'.repeat(2000) }, 'spec.tasks[0].image: it has 2000 characters; at most 1024 are allowed'],
    [{ retry: { limit: 1000 } }, 'spec.tasks[0].retry.limit: 1000 is out of bounds; at most 100 is allowed'],
    [
      { compute: { 'a-b': '1' } },
      'spec.tasks[0].compute["a-b"]: "a-b" is not a valid name: use letters, digits and underscores',
    ],
  ])('is told with what is: %j', (fields, sentence) => expect(ofTask(fields)).toContain(sentence));

  it('is told of several fields, and not of all', () => {
    const lines = told({ tasks: Array.from({ length: 9 }, () => ({ ...TASK, needs: 'a' })) }).split('\n');
    expect(lines).toHaveLength(6);
    expect(lines[5]).toBe('and 4 more');
  });
});

/** Every schema in a schema, with its place. */
function walk(schema: z.core.$ZodTypes, place: string): [string, z.ZodType][] {
  const { def } = schema._zod;
  const into = (inner: z.core.$ZodType, name: string) => walk(inner as z.core.$ZodTypes, `${place}${name}`);
  const own: [string, z.ZodType] = [place, schema as unknown as z.ZodType];
  if (def.type === 'optional' || def.type === 'default') return into(def.innerType, '');
  if (def.type === 'array') return [own, ...into(def.element, '[]')];
  if (def.type === 'record') return [own, ...into(def.valueType, '{}')];
  if (def.type !== 'object') return [own];
  return [own, ...Object.entries(def.shape).flatMap(([name, each]) => into(each, `.${name}`))];
}

const WRONG = [undefined, null, true, -1e12, 1.5, 1e12, '', 'no, \u0000', 'x'.repeat(70_000), [], {}, { '?': {} }];
const ZODS = /^(Invalid|Too |Unrecognized|Expected)|\bCRD|undefined|Object\]/;

describe('every field of every kind', () => {
  it('has words of its own for whatever does not fit: a remedy in one line, without end', () => {
    const places = KINDS.flatMap(({ kind, schema }) => walk(schema as unknown as z.core.$ZodTypes, kind));
    // The same schema stands in many places.
    const fields = new Map(places.map(([place, field]) => [field, place]));
    expect(fields.size).toBeGreaterThan(200);
    let told = 0;
    const wrong = [...fields].flatMap(([field, place]) =>
      WRONG.flatMap((value) => misfitsOf(field, value, field.safeParse(value).error?.issues ?? [], place)),
    );
    const odd = wrong.filter(({ message }) => {
      told++;
      return ZODS.test(message) || message.length > 400 || !/^[^\n]+(; |: )[^\n]+$/.test(message);
    });
    expect(told).toBeGreaterThan(2_000);
    expect(odd).toEqual([]);
  });
});
