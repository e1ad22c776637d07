import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../support/examples.ts';
import { misreadings, yamlBlocks, yamlTexts } from '../support/yaml-texts.ts';

describe('every YAML text that people copy', () => {
  const texts = yamlTexts();

  it('is found: blocks of pages, examples, manifests', () => {
    for (const file of ['docs/guides/finally-hooks-undo.md', 'examples/finally-and-hooks/workflow.yaml']) {
      expect(texts.map((text) => text.file)).toContain(file);
    }
    expect(texts.length).toBeGreaterThan(100);
  });

  it('means the same to YAML 1.1, which kubectl reads, and to YAML 1.2', () => {
    expect(texts.flatMap(misreadings)).toEqual([]);
  });
});

describe('a text that YAML 1.1 reads otherwise', () => {
  it.each([
    ['on: Failed', 1],
    ['a: 1\nenv: {Y: x}', 2],
    ['a: 1\nb: [de, no]\nc: 2', 2],
    ['mode: 0644', 1],
    ['a: b\ntime: 12:30:45', 2],
    ['n: 1_000', 1],
    ['on: 1\ny: 2', 1],
    ['a: {b: [', 1],
  ])('is found with its line: %j', (text, line) => {
    expect(misreadings({ file: 'f.md', line: 10, text })).toEqual([
      expect.stringContaining(`f.md:${10 + line}: YAML 1.1 reads this otherwise: `),
    ]);
  });

  it.each(['"on": Failed', 'a: "no"', 'at: 2027-01-01T00:00:00Z', 'event: Failed', 'size: 0x1F\n---\nb: 1.5'])(
    'is not this one: %j',
    (text) => expect(misreadings({ file: 'f.md', line: 0, text })).toEqual([]),
  );

  it('is found in the block of a page where it stands', () => {
    const page = 'one\n\n```yaml\na: 1\non: 2\n```\n';
    expect(yamlBlocks('p.md', page).flatMap(misreadings)).toEqual([expect.stringContaining('p.md:5: ')]);
  });
});

/** Fields whose names YAML 1.1 misreads, with the reason why they are there. */
const MISREAD_FIELDS: ReadonlyMap<string, string> = new Map([['on', 'what `event` was called before']]);

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly enum?: readonly unknown[];
}

/** Names of fields and values of enums that people write, each with where it stands. */
function wordsOf(schema: Schema, path: string): { word: unknown; path: string; isField: boolean }[] {
  const { properties = {}, items, additionalProperties: values, enum: choices = [] } = schema;
  return [
    ...choices.map((word) => ({ word, path, isField: false })),
    // The status is written by the operator, as JSON.
    ...Object.entries(properties).flatMap(([word, inner]) =>
      path === 'root' && word === 'status' ? [] : [{ word, path, isField: true }, ...wordsOf(inner, `${path}.${word}`)],
    ),
    ...(items ? wordsOf(items, `${path}[]`) : []),
    ...(typeof values === 'object' ? wordsOf(values, `${path}.*`) : []),
  ];
}

const crds = readdirSync(join(ROOT, 'crds')).filter((name) => name.startsWith('flow.ado.dev_'));

describe('a name of the schema', () => {
  it.each(crds)('in %s is a text to YAML 1.1 without quotes, and so is every value of an enum', (name) => {
    const crd = parse(readFileSync(join(ROOT, 'crds', name), 'utf8')) as {
      spec: { versions: { schema: { openAPIV3Schema: Schema } }[] };
    };
    const words = crd.spec.versions.flatMap(({ schema }) => wordsOf(schema.openAPIV3Schema, 'root'));
    expect(words.length).toBeGreaterThan(5);
    const misread = words.filter(({ word }) => typeof parse(String(word), { version: '1.1' }) !== 'string');
    const surprising = misread.filter(({ word, isField }) => !isField || !MISREAD_FIELDS.has(String(word)));
    expect(surprising).toEqual([]);
  });

  it('is looked for with a reader that knows how YAML 1.1 misreads', () => {
    for (const word of ['on', 'Off', 'y', 'N', 'yes', 'NO', 'true', '0123', '1:30', '1_0', '~', '1.10', '2027-01-01']) {
      expect(typeof parse(word, { version: '1.1' }), word).not.toBe('string');
    }
  });
});
