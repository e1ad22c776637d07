import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { TemplateBody, WorkflowSpec } from '../../api/index.ts';
import { validateTemplate } from './template.ts';
import { validateWorkflow } from './workflow.ts';

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string }[];
}

type Step = string | number;
interface Text {
  readonly kind: string;
  readonly steps: readonly Step[];
  readonly schema: Schema;
}

const CRDS = join(import.meta.dirname, '../../../../crds');
const SPECS: ReadonlyMap<string, Schema> = new Map(
  readdirSync(CRDS)
    .filter((file) => file.startsWith('flow.ado.dev_'))
    .map((file) => {
      const { spec } = parse(readFileSync(join(CRDS, file), 'utf8'));
      return [spec.names.kind as string, spec.versions[0].schema.openAPIV3Schema.properties.spec as Schema];
    }),
);

/** Every place for a text below a schema; where any JSON may stand, a text may too, also further down. */
function textsOf(schema: Schema | undefined, steps: readonly Step[]): { steps: readonly Step[]; schema: Schema }[] {
  if (schema === undefined || schema.enum) return [];
  if (schema['x-kubernetes-preserve-unknown-fields']) {
    const deep = { steps: [...steps, 'some', 0, 'part'], schema: {} };
    return schema.type === 'object' ? [deep] : [{ steps, schema: {} }, deep];
  }
  if (schema.type === 'string') return [{ steps, schema }];
  return [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, each]) => textsOf(each, [...steps, name])),
    ...textsOf(schema.items, [...steps, 0]),
    ...textsOf(schema.additionalProperties, [...steps, 'k']),
  ];
}

const textsIn = (kind: string): Text[] => textsOf(SPECS.get(kind), []).map((text) => ({ kind, ...text }));

/** The least value that a schema allows, with a text at a path. */
function holding(schema: Schema | undefined, steps: readonly Step[] | undefined, text: string): unknown {
  if (steps?.length === 0) return text;
  const [step, ...rest] = steps ?? [];
  if (typeof step === 'number') return [holding(schema?.items, rest, text)];
  const required = schema?.required ?? [];
  const names = step === undefined ? required : [...new Set([...required, step])];
  if (schema?.enum) return schema.enum[0];
  if (schema?.type === 'array') return [];
  if (schema?.type === 'integer') return schema.minimum ?? 1;
  if (schema?.type === 'boolean') return true;
  if (schema?.type === 'string') return 'x';
  return Object.fromEntries(
    names.map((name) => {
      const below = schema?.properties?.[name] ?? schema?.additionalProperties;
      return [name, holding(below, name === step ? rest : undefined, text)];
    }),
  );
}

const nameOf = (steps: readonly Step[]) =>
  steps.reduce<string>((path, step) => (typeof step === 'number' ? `${path}[${step}]` : `${path}.${step}`), 'spec');

function problemsAt({ kind, steps }: Text, text: string): string[] {
  const spec = holding(SPECS.get(kind), steps, text);
  const told = kind === 'Workflow' ? validateWorkflow(spec as WorkflowSpec) : judge(spec as TemplateBody, kind);
  const path = nameOf(steps);
  // The place of a whole object may be told by its part, and none is nearer than that.
  return told.filter((problem) => problem.path === path).map(({ message }) => message);
}

const judge = (body: TemplateBody, kind: string) =>
  validateTemplate(body, kind as 'WorkflowTemplate' | 'ClusterWorkflowTemplate');

const UNKNOWN = '${{ nothing.here }}';
const IS_PROSE = /\.description$/;
/** Written by the admission webhook, which lets nobody else. */
const IS_STAMP = /^spec\.writer\./;

describe('every text of a definition', () => {
  const texts = ['Workflow', 'WorkflowTemplate', 'ClusterWorkflowTemplate'].flatMap(textsIn);

  it('is evaluated, is CEL, is for people, or is refused with a sentence where it has ${{ in it', () => {
    const silent = texts
      .filter(({ steps }) => !IS_PROSE.test(nameOf(steps)) && !IS_STAMP.test(nameOf(steps)))
      .filter((text) => !problemsAt(text, UNKNOWN).some((message) => /\$\{\{|nothing/.test(message)))
      .map(({ kind, steps }) => `${kind} ${nameOf(steps)}`);
    expect(silent).toEqual([]);
    expect(texts.length).toBeGreaterThan(500);
  });

  it('is taken as it is where it is for people', () => {
    const prose = texts.filter(({ steps }) => IS_PROSE.test(nameOf(steps)));
    expect(prose.length).toBeGreaterThan(10);
    for (const text of prose) expect(problemsAt(text, UNKNOWN)).toEqual([]);
  });

  it('may not have ${{ in the name of a field, for none is evaluated', () => {
    const named = { tasks: [{ name: 'a', run: 'true', nodeSelector: { [UNKNOWN]: 'x' } }], defaults: { image: 'i' } };
    expect(validateWorkflow(named)[0]?.message).toContain('not evaluated in field names');
  });
});

describe('a text that is refused', () => {
  it.each([
    [['tasks', 0, 'semaphores', 0, 'name'], 'name the Semaphore; to take turns by a value, use shareBy'],
    [['tasks', 0, 'forEach', 'items', 0], 'compute the items with forEach.itemsFrom, which is CEL'],
    [['tasks', 0, 'workflow', 'name'], 'write the name here and choose between tasks with when'],
    [['parameters', 0, 'default'], 'write the value itself, or compute it in a task'],
    [['tasks', 0, 'nodeSelector', 'k'], 'it is for env, image, command, args, with'],
  ])('at %j has the remedy in its sentence', (steps, remedy) => {
    const said = problemsAt({ kind: 'Workflow', steps, schema: {} }, UNKNOWN).join('\n');
    expect(said).toContain(`\${{ }} is not evaluated in this field; ${remedy}`);
  });
});

/** What a run or a person hands over is data: whatever it says, it is never evaluated. */
const DATA: Readonly<Record<string, readonly RegExp[]>> = {
  WorkflowRun: [/^spec\.parameters\[0\]\.value$/, /^spec\.(origin|continues|provenance)\./],
  Signal: [/^spec\.(data|values|responses\[0\]|request|sender)(\.|$)/, /^spec\.(comment|digest|proof|task)$/],
  Backfill: [],
  Semaphore: [],
  RunJournal: [/^spec\./],
};
const STAMPS = /\b(requester|desiredStateBy|sender)\./;

describe('every text of the other kinds', () => {
  it('is data, is a stamp of the operator, or is refused by a rule of its schema', () => {
    const kinds = [...SPECS.keys()].filter((kind) => !/^Workflow$|Template$/.test(kind));
    expect(kinds.sort()).toEqual(Object.keys(DATA).sort());
    const open = kinds.flatMap(textsIn).filter(({ kind, steps, schema }) => {
      const isRuled = schema.pattern !== undefined || schema.format !== undefined || schema['x-kubernetes-validations'];
      const isData = STAMPS.test(nameOf(steps)) || DATA[kind]?.some((data) => data.test(nameOf(steps)));
      return !isRuled && !isData;
    });
    expect(open.map(({ kind, steps }) => `${kind} ${nameOf(steps)}`)).toEqual([]);
  });
});
