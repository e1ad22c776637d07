import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TemplateStores } from '../definitions/index.ts';
import { Judging } from '../judging/index.ts';
import { realClock } from '../runtime/index.ts';
import { Definitions } from './definitions.ts';
import { type AdmissionRequest, Reviewer } from './review.ts';
import { MAX_DEPTH, MAX_VALUES, sizeProblem } from './size.ts';
import { attesting } from './testing/attesting.ts';

/** Limit of the API server for one request. */
const MAX_BYTES = 3 * 1024 * 1024;
const KINDS = {
  signals: 'Signal',
  workflowruns: 'WorkflowRun',
  workflows: 'Workflow',
  workflowtemplates: 'WorkflowTemplate',
  clusterworkflowtemplates: 'ClusterWorkflowTemplate',
} as const;
type Resource = keyof typeof KINDS;

const many = <T>(length: number, make: (at: number) => T): T[] => Array.from({ length }, (_, at) => make(at));
const record = (length: number, value: unknown) => Object.fromEntries(many(length, (at) => [`k${at}`, value]));
function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let at = 0; at < depth; at++) value = at % 2 === 0 ? { a: value } : [value];
  return value;
}

/** Large values of every shape, of about the given number of bytes. */
const LARGE: Readonly<Record<string, (bytes: number) => unknown>> = {
  'a long text': (bytes) => '${{ '.repeat(bytes / 4),
  'many texts': (bytes) => many(bytes / 4, () => 'x'),
  'many objects': (bytes) => many(bytes / 3, () => ({})),
  'many keys': (bytes) => record(bytes / 12, 'v'),
  'many keys of numbers': (bytes) => record(bytes / 12, 1),
  'many names': (bytes) => many(bytes / 24, (at) => ({ name: `n${at}`, value: 'v' })),
  'many tasks': (bytes) => many(bytes / 32, (at) => ({ name: `t${at}`, run: 'x', needs: [`z${at}`] })),
  'many templates': (bytes) => many(bytes / 40, (at) => ({ name: `t${at}`, template: { name: `x${at}` } })),
  // The nesting limit of the API server.
  'deep nesting': (bytes) => nested(Math.min(bytes / 6, 10_000)),
};
/** The places of the large value in an object. */
const FIELDS: Readonly<Record<Resource, readonly string[]>> = {
  signals: ['data', 'values', 'responses', 'request', 'sender', 'run', 'comment'],
  workflowruns: ['parameters', 'requester', 'desiredStateBy', 'origin', 'from', 'workflowRef'],
  workflows: ['tasks', 'parameters', 'defaults', 'triggers', 'outputs'],
  workflowtemplates: ['tasks', 'parameters', 'defaults', 'version'],
  clusterworkflowtemplates: ['tasks', 'parameters', 'defaults', 'version'],
};
const GENUINE: Readonly<Record<Resource, object>> = {
  signals: { type: 'Data', run: 'ship', name: 'paid' },
  workflowruns: { workflowRef: { name: 'ship' } },
  workflows: { tasks: [{ name: 'a', image: 'i', run: 'true' }] },
  workflowtemplates: { version: '1.0.0', tasks: [{ name: 'a', image: 'i', run: 'true' }] },
  clusterworkflowtemplates: { version: '1.0.0', tasks: [{ name: 'a', image: 'i', run: 'true' }] },
};

const hostile = fc.constantFrom(...(Object.keys(KINDS) as Resource[])).chain((resource) =>
  fc.record({
    resource: fc.constant(resource),
    field: fc.constantFrom(...FIELDS[resource]),
    what: fc.constantFrom(...Object.keys(LARGE)),
    bytes: fc.oneof(fc.integer({ min: 1, max: 4000 }), fc.integer({ min: 1, max: MAX_BYTES })),
    isInTask: fc.boolean(),
    isUpdate: fc.boolean(),
    name: fc.constantFrom('', 'r', 'x'.repeat(100_000)),
  }),
);
type Hostile = typeof hostile extends fc.Arbitrary<infer T> ? T : never;

function requestOf({ resource, field, what, bytes, isInTask, isUpdate, name }: Hostile): AdmissionRequest {
  const large = LARGE[what]?.(bytes);
  const tasks = [{ name: 'a', image: 'i', run: 'true', env: large, with: large }];
  const changed = isInTask && 'tasks' in GENUINE[resource] ? { tasks } : { [field]: large };
  const base = { apiVersion: 'flow.ado.dev/v1alpha1', kind: KINDS[resource] };
  const object = { ...base, metadata: { name, namespace: 'n' }, spec: { ...GENUINE[resource], ...changed } };
  const oldObject = { ...base, metadata: { name, namespace: 'n', uid: 'u' }, spec: GENUINE[resource] };
  return {
    ...{ uid: 'u', operation: isUpdate ? 'UPDATE' : 'CREATE', namespace: 'n', userInfo: { username: 'ada' } },
    ...{ resource: { resource }, object, ...(isUpdate ? { oldObject } : {}) },
  } as unknown as AdmissionRequest;
}

/** A reviewer like the operator's, with a count of calls to its judge. */
function reviewing() {
  const versions = { byIndex: () => [] };
  const stores = { workflows: new Map(), templates: new Map(), clusterTemplates: undefined, versions };
  const judging = new Judging({ clock: realClock, limitMs: 900, maxWaiting: 8 });
  const judge = new Definitions({
    stores: stores as unknown as TemplateStores,
    judging,
    readWorkflow: async () => undefined,
  });
  const asked = { times: 0 };
  const counting = {
    definition: (...args: Parameters<Definitions['definition']>) => {
      asked.times++;
      return judge.definition(...args);
    },
    run: (...args: Parameters<Definitions['run']>) => {
      asked.times++;
      return judge.run(...args);
    },
  };
  const reviewer = new Reviewer({
    ...{ attestation: attesting(1), judge: counting, now: () => 0, suffix: () => 'x' },
    ...{ self: () => 'operator', left: () => undefined },
  });
  return { reviewer, asked };
}

describe('a review of a hostile object', () => {
  it('answers for any content, and stops reading at the limits', async () => {
    const { reviewer, asked } = reviewing();
    await fc.assert(
      fc.asyncProperty(hostile, async (one) => {
        const request = requestOf(one);
        const before = asked.times;
        const { allowed, status } = await reviewer.review(request);
        if (!allowed) expect(status?.message).toMatch(/\S/);
        if (!allowed) expect(Buffer.byteLength(status?.message ?? '')).toBeLessThan(64 * 1024);
        if (sizeProblem(request.object as object) === undefined) return;
        expect(allowed).toBe(false);
        expect(status).toMatchObject({ code: 422, message: expect.stringContaining('TooComplex') });
        expect(asked.times).toBe(before);
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});

describe('an object over the limits', () => {
  it('can be deleted', async () => {
    const { reviewer } = reviewing();
    const one = { resource: 'workflows', field: 'tasks', what: 'many objects', bytes: MAX_BYTES } as const;
    const request = requestOf({ ...one, isInTask: false, isUpdate: true, name: 'w' });
    const kept = request.object as NonNullable<AdmissionRequest['object']>;
    expect(await reviewer.review(request)).toMatchObject({ allowed: false });
    const metadata = { ...kept.metadata, deletionTimestamp: '2026-01-02T03:04:05Z' };
    expect(await reviewer.review({ ...request, object: { ...kept, metadata } })).toMatchObject({ allowed: true });
  });
});

describe('the size of an object', () => {
  it('is counted exactly up to the limit', () => {
    const values = fc.integer({ min: 1, max: 3 });
    fc.assert(
      fc.property(values, fc.boolean(), (shape, isOver) => {
        const room = MAX_VALUES - shape * 2;
        // Fields with their values; the rest in one list.
        const object = { ...Object.fromEntries(many(shape, (at) => [`f${at}`, { a: 1 }])) };
        const filled = { ...object, rest: many(room - 1 + (isOver ? 1 : 0), () => 1) };
        expect(sizeProblem(filled) === undefined).toBe(!isOver);
      }),
      { numRuns: 12 },
    );
  });

  it('over a limit is reported with its field', () => {
    expect(sizeProblem({ spec: nested(MAX_DEPTH - 1) })).toBeUndefined();
    expect(sizeProblem({ spec: nested(MAX_DEPTH + 1) })).toMatch(
      /^spec\.a.*: nested deeper than 200 levels; TooComplex/,
    );
    const object = { metadata: { name: 'w' }, spec: { tasks: [{ env: record(MAX_VALUES, 'v') }] } };
    expect(sizeProblem(object)).toMatch(
      /^spec\.tasks\.0\.env: the object has more than 50000 values; TooComplex: make it smaller/,
    );
  });

  it('does not include managedFields', () => {
    const managedFields = many(MAX_VALUES + 1, () => ({}));
    expect(sizeProblem({ metadata: { name: 'w', managedFields }, spec: {} })).toBeUndefined();
    expect(sizeProblem({ metadata: { name: 'w' }, spec: { managedFields } })).toBeDefined();
  });
});
