import { describe, expect, it } from 'vitest';
import type { Parameter } from '../../api/index.ts';
import { parameterProblems } from '../validate/parameters.ts';
import { parametersToRead, resolveParameters } from './parameters.ts';

const resolve = (parameter: Parameter, value?: string, read?: string) =>
  resolveParameters(
    [parameter],
    value === undefined ? [] : [{ name: parameter.name, value }],
    new Map(read === undefined ? [] : [[parameter.name, read]]),
  );
const problems = (...parameters: Parameter[]) =>
  parameterProblems(parameters).map(({ path, message }) => `${path}: ${message}`);

describe('a parameter', () => {
  it('takes what the run gives before what was read for it, and both before its default', () => {
    const replicas: Parameter = { name: 'replicas', type: 'Integer', default: 1 };
    expect(resolve(replicas, '3', '2')).toEqual({ values: { replicas: 3 } });
    expect(resolve(replicas, undefined, '2')).toEqual({ values: { replicas: 2 } });
    expect(resolve(replicas)).toEqual({ values: { replicas: 1 } });
  });

  it('takes only the values of its enum, in its type', () => {
    const size: Parameter = { name: 'size', type: 'Integer', enum: [1, '2', 4] };
    expect(resolve(size, '2')).toEqual({ values: { size: 2 } });
    expect(resolve(size, '3')).toEqual({ problem: 'spec.parameters: "size": 3 is not one of its values: 1, "2", 4' });
    const options: Parameter = { name: 'options', type: 'Object', enum: [{ a: 1, b: 2 }] };
    expect(resolve(options, '{"b":2,"a":1}')).toEqual({ values: { options: { b: 2, a: 1 } } });
  });

  it('stays between its minimum and its maximum', () => {
    const load: Parameter = { name: 'load', type: 'Number', minimum: 0, maximum: 10 };
    expect(resolve(load, '10')).toEqual({ values: { load: 10 } });
    expect(resolve(load, '10.5')).toEqual({ problem: 'spec.parameters: "load": 10.5 is more than 10, its maximum' });
    expect(resolve(load, '-1')).toEqual({ problem: 'spec.parameters: "load": -1 is less than 0, its minimum' });
  });

  it('matches its pattern, whichever text a stranger sends', () => {
    const tag: Parameter = { name: 'tag', pattern: '^(a+)+$' };
    expect(resolve(tag, 'aaa')).toEqual({ values: { tag: 'aaa' } });
    const started = performance.now();
    expect(resolve(tag, `${'a'.repeat(10_000)}!`)).toHaveProperty('problem');
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('is read only if the run gives no value', () => {
    const region: Parameter = { name: 'region', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } };
    expect(parametersToRead([region, { name: 'other' }])).toEqual([region]);
    expect(parametersToRead([region], [{ name: 'region', value: 'eu' }])).toEqual([]);
  });
});

describe('the declaration of a parameter', () => {
  it('is refused when its bounds do not suit its type, or leave no value', () => {
    expect(
      problems(
        { name: 'a', minimum: 1 },
        { name: 'b', type: 'Integer', minimum: 2, maximum: 1 },
        { name: 'c', type: 'Integer', enum: ['x'] },
        { name: 'd', type: 'List', pattern: 'x' },
        { name: 'e', pattern: '(' },
      ),
    ).toEqual([
      'spec.parameters[0].minimum: "a" is of type String, which has no minimum; remove it, or set the type to Integer or Number',
      'spec.parameters[1].minimum: minimum 2 of "b" is greater than maximum 1',
      'spec.parameters[2].enum[0]: a value of "c": "x" is not an Integer; change it',
      'spec.parameters[3].pattern: "d" is of type List, which has no pattern; remove it',
      expect.stringContaining('spec.parameters[4].pattern: the pattern of "e": invalid pattern'),
    ]);
  });

  it('is refused when its own default does not suit it', () => {
    expect(problems({ name: 'env', enum: ['dev', 'prod'], default: 'qa' })).toEqual([
      'spec.parameters[0].default: the default of "env": "qa" is not one of its values: "dev", "prod"; change the default, or the type of the parameter',
    ]);
  });

  it('refers to a Secret by name and key, and to nothing else', () => {
    const declared = [{ name: 's', type: 'Secret' as const, allowed: { names: ['db'] } }];
    const given = (value: string) => resolveParameters(declared, [{ name: 's', value }]);
    expect(given('db/password')).toEqual({ values: { s: 'db/password' } });
    for (const wrong of ['password', 'db/', '/x', 'a/b/c', 'DB/x', 'hunter2!']) {
      expect(given(wrong), wrong).toMatchObject({ problem: expect.stringContaining('write name/key') });
    }
  });

  it('are only those that are declared, and all of them', () => {
    const declared = [{ name: 'a' }, { name: 'b', default: 'x' }];
    expect(resolveParameters(declared, [{ name: 'c', value: '1' }])).toMatchObject({
      problem: expect.stringContaining('"c" is not a parameter of the workflow; it has: a, b'),
    });
    expect(resolveParameters(declared)).toMatchObject({ problem: expect.stringContaining('"a" is required') });
    expect(resolveParameters(declared, [{ name: 'a', value: '1' }])).toEqual({ values: { a: '1', b: 'x' } });
  });
});

describe('a definition that an earlier version has judged', () => {
  it('has Strings that were given as numbers, and its runs go on with their text', () => {
    const declared = [{ name: 'v', default: 1.5, enum: [1.5, true, 'x'] }];
    expect(resolveParameters(declared)).toEqual({ values: { v: '1.5' } });
    expect(resolveParameters(declared, [{ name: 'v', value: 'true' }])).toEqual({ values: { v: 'true' } });
  });

  it('starts nothing with a whole number that was another one', () => {
    expect(resolveParameters([{ name: 'v', type: 'Integer', default: 2 ** 60 }])).toEqual({
      problem: expect.stringContaining('"v": about 1152921504606847000 is beyond'),
    });
  });
});
