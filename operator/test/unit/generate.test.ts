import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { rootSchema } from '../../hack/generate/crd.ts';
import { differences } from '../../hack/generate/differences.ts';
import { generatedFiles } from '../../hack/generate/files.ts';
import { policyRules } from '../../hack/generate/rbac.ts';
import { type CrdSchema, jsonSchema, structural } from '../../hack/generate/schema.ts';
import { HEADER } from '../../hack/generate/yaml.ts';
import { KINDS, type Rule } from '../../src/api/index.ts';
import { CONTROLLER_REVISIONS, LEASES, PODS } from '../../src/runtime/index.ts';

const convert = (schema: z.ZodType): CrdSchema => structural(jsonSchema(z.object({ field: schema })), 'Kind');
const field = (schema: z.ZodType): CrdSchema | undefined => convert(schema).properties?.field;

describe('a schema for a CRD', () => {
  it('keeps descriptions, bounds, enums and defaults', () => {
    expect(field(z.string().min(1).max(9).describe('A word.'))).toEqual({
      description: 'A word.',
      type: 'string',
      minLength: 1,
      maxLength: 9,
    });
    expect(field(z.enum(['On', 'Off']).default('On'))).toMatchObject({ enum: ['On', 'Off'], default: 'On' });
    expect(field(z.int().min(2).max(7))).toEqual({ type: 'integer', minimum: 2, maximum: 7 });
  });

  it('does not require what has a default', () => {
    const schema = jsonSchema(z.object({ a: z.int(), b: z.int().default(1), c: z.int().optional() }));
    expect(structural(schema, 'Kind').required).toEqual(['a']);
  });

  it('drops the bounds of a double and closed objects', () => {
    expect(field(z.int())).toEqual({ type: 'integer' });
    expect(field(z.strictObject({ a: z.int() }))).toEqual({
      type: 'object',
      required: ['a'],
      properties: { a: { type: 'integer' } },
    });
  });

  it('keeps unknown fields of what it does not look into', () => {
    expect(field(z.unknown())).toEqual({ 'x-kubernetes-preserve-unknown-fields': true });
    expect(field(z.record(z.string(), z.unknown()))).toEqual({
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
    });
  });

  it('says of every list how it merges', () => {
    expect(field(z.array(z.int()).max(3))).toMatchObject({ 'x-kubernetes-list-type': 'atomic' });
    const set = z.array(z.int()).max(3).meta({ 'x-kubernetes-list-type': 'set' });
    expect(field(set)).toMatchObject({ 'x-kubernetes-list-type': 'set' });
  });

  it('leaves out a pattern for which a rule has a sentence', () => {
    const rules = { 'x-kubernetes-validations': [{ rule: "self.matches('^a+$')", message: 'write a' }] };
    const word = z.string().max(9).regex(/^a+$/);
    expect(field(word)).toHaveProperty('pattern', '^a+$');
    expect(field(word.meta(rules))).not.toHaveProperty('pattern');
  });

  it.each([
    [
      'a refinement',
      z
        .string()
        .max(9)
        .refine((text) => text !== 'x'),
      /Kind|field.*custom/,
    ],
    [
      'a transform',
      z
        .string()
        .max(9)
        .transform((text) => text.length),
      /pipe/,
    ],
    ['a text that is trimmed', z.string().max(9).trim(), /overwrite/],
    ['a coercion', z.coerce.number().int(), /number/],
    ['a union', z.union([z.int(), z.boolean()]), /union/],
    ['a literal', z.literal('x'), /literal/],
    ['a fraction', z.number(), /field: is a float/],
    ['a text without a bound', z.string(), /field: is a string without/],
    ['a list without a bound', z.array(z.int()), /field: is a list without/],
    ['a map without a bound', z.record(z.string(), z.int()), /field: is a map without/],
    [
      'a pattern with lookahead',
      z
        .string()
        .max(9)
        .regex(/^(?=a)/),
      /field: has a pattern that Go cannot run/,
    ],
    ['a positive number', z.int().positive(), /field: "exclusiveMinimum" is not structural/],
  ])('refuses %s', (_what, schema, message) => {
    expect(() => convert(schema)).toThrow(message);
  });

  it('refuses to freeze what CEL cannot see', () => {
    const rules = { 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'frozen' }] };
    expect(() => field(z.object({ any: z.unknown() }).meta(rules))).toThrow(/field: a rule over oldSelf cannot see/);
  });

  it('takes a choice of required members, and no other union', () => {
    const choice = z.object({ a: z.int().optional(), b: z.int().optional() });
    const either = [{ required: ['a'] }, { required: ['b'] }];
    expect(field(choice.meta({ oneOf: either }))).toMatchObject({ oneOf: either });
    expect(() => field(choice.meta({ oneOf: [{ type: 'object' }] }))).toThrow(/union is not structural/);
  });
});

describe('the rules of RBAC', () => {
  it('share a rule when group and verbs are equal, in whatever order', () => {
    const rules = policyRules([
      { type: PODS, verbs: ['get', 'list'] },
      { type: PODS, subresource: 'status', verbs: ['list', 'get'] },
      { type: CONTROLLER_REVISIONS, verbs: ['get', 'list'] },
      { type: LEASES, verbs: ['get'] },
    ]);
    expect(rules).toEqual([
      { apiGroups: [''], resources: ['pods', 'pods/status'], verbs: ['get', 'list'] },
      { apiGroups: ['apps'], resources: ['controllerrevisions'], verbs: ['get', 'list'] },
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get'] },
    ]);
  });
});

describe('the generated files', () => {
  const files = generatedFiles();
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });
  const written = (texts: ReadonlyMap<string, string>): string => {
    const folder = mkdtempSync(join(tmpdir(), 'ado-generate-'));
    folders.push(folder);
    for (const [path, text] of texts) {
      mkdirSync(join(folder, path, '..'), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return folder;
  };

  it('are one CRD a kind, small enough for every client', () => {
    for (const { plural } of KINDS) {
      const text = files.get(`crds/flow.ado.dev_${plural}.yaml`) ?? '';
      expect(parse(text)).toMatchObject({ metadata: { name: `${plural}.flow.ado.dev` } });
      // Client-side apply keeps the object as JSON in an annotation, and all of these may have 256 KiB.
      expect(JSON.stringify(parse(text)).length).toBeLessThan(240 * 1024);
    }
  });

  it('grant no wildcard, and of Secrets only the own one, but for namespaces that let webhooks be signed', () => {
    const rbac = [...files].filter(([path]) => path.startsWith('config/rbac/') && !path.includes('/webhooks/'));
    const others = rbac.filter(([path]) => path !== 'config/rbac/own/role.yaml').map(([, text]) => text);
    expect(others.join('')).toContain('workflowruns/status');
    expect(rbac.join('')).not.toContain('*');
    expect(others.join('')).not.toContain('secrets');
    const [role] = parseAllDocuments(files.get('config/rbac/own/role.yaml') ?? '').map((document) => document.toJS());
    const secrets = role.rules.filter(({ resources }: { resources: string[] }) => resources.includes('secrets'));
    expect(secrets).toEqual([
      { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
      { apiGroups: [''], resources: ['secrets'], resourceNames: ['ado-admission'], verbs: ['get', 'update'] },
    ]);
  });

  it('are the same each time', () => {
    expect(generatedFiles()).toEqual(files);
  });

  it('have no differences once written', () => {
    expect(differences(written(files), files)).toEqual([]);
  });

  it('are told from edited, missing and stale ones', () => {
    const [edited = '', missing = ''] = files.keys();
    const texts = new Map(files);
    texts.set(edited, `${files.get(edited)}x: 1\n`);
    texts.delete(missing);
    texts.set('crds/gone.yaml', HEADER);
    texts.set('crds/by-hand.yaml', 'kind: Stranger\n');
    expect(differences(written(texts), files)).toEqual([
      { path: edited, how: 'different' },
      { path: missing, how: 'missing' },
      { path: 'crds/gone.yaml', how: 'stale' },
    ]);
  });
});

/** Every rule of a schema, with the node that has it. */
function rulesOf(node: CrdSchema, place: string): { place: string; node: CrdSchema; rule: Rule }[] {
  const own = (node['x-kubernetes-validations'] ?? []).map((rule) => ({ place, node, rule }));
  const below = [
    ...Object.entries(node.properties ?? {}).map(([name, child]) => [`.${name}`, child] as const),
    ...(node.items === undefined ? [] : [['[]', node.items] as const]),
    ...(typeof node.additionalProperties === 'object' ? [['{}', node.additionalProperties] as const] : []),
  ];
  return [...own, ...below.flatMap(([step, child]) => rulesOf(child, `${place}${step}`))];
}

describe('a rule of a CRD', () => {
  const rules = KINDS.flatMap((kind) => rulesOf(rootSchema(kind), kind.kind));

  it('is found at all', () => expect(rules.length).toBeGreaterThan(100));

  it('has a sentence in one line, with a remedy', () => {
    const without = rules.filter(({ rule }) => !/^[^\n]{20,300}$/.test(rule.message));
    expect(without.map(({ place, rule }) => `${place}: ${rule.message}`)).toEqual([]);
  });

  it('of a text shows the text, of which the API server tells the type alone', () => {
    const hidden = rules.filter(
      ({ node, rule }) => node.type === 'string' && !/\bself\b/.test(rule.messageExpression ?? ''),
    );
    expect(hidden.map(({ place }) => place)).toEqual([]);
  });

  it('of an object names the field, in its sentence or as the path', () => {
    const nameless = rules.filter(({ node: { type, properties = {} }, rule: { rule, fieldPath, message } }) => {
      // Of an object that must stay as it is, the field is the object.
      if (type !== 'object' || rule === 'self == oldSelf') return false;
      // Of a map, the API server names the map.
      if (Object.keys(properties).length === 0) return false;
      if (fieldPath !== undefined) return !Object.hasOwn(properties, fieldPath.slice(1));
      const words = message.split(/[^\w.]+/).map((word) => word.split('.')[0] ?? '');
      return !words.some((word) => word === 'name' || Object.hasOwn(properties, word));
    });
    expect(nameless.map(({ place, rule }) => `${place}: ${rule.message}`)).toEqual([]);
  });

  it('has expressions whose texts end where they seem to', () => {
    const odd = rules.filter(
      ({ rule: { messageExpression = '' } }) => (messageExpression.split("'").length - 1) % 2 !== 0,
    );
    expect(odd.map(({ place }) => place)).toEqual([]);
  });
});
