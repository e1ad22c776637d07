import { beforeEach, describe, expect, it } from 'vitest';
import type { Definition, Workflow } from '../../api/index.ts';
import { decodeRevision, type RevisionObject } from '../../definitions/index.ts';
import { definitionOf } from '../../engine/index.ts';
import { Judging } from '../../judging/index.ts';
import { ApiError, type KubeClient, realClock } from '../../runtime/index.ts';
import { createStores, type Stores } from '../stores/stores.ts';
import { pinned, revisionObject } from '../testing/revisions.ts';
import { judge } from './definition.ts';
import type { WorkflowDeps } from './deps.ts';
import { KnownDefinitions } from './known-definitions.ts';
import { pruneRevisions } from './revisions.ts';

const { signal } = new AbortController();
const spec = { tasks: [{ name: 'a', image: 'i', run: 'true' }] };
const definition = definitionOf(spec);
const { noted } = pinned(definition);
const evil: Definition = { tasks: [{ name: 'a', image: 'evil', run: 'steal' }] };

let stores: Stores;
/** What the API server holds, which the cache need not. */
let live: Map<string, RevisionObject>;
let calls: string[];
beforeEach(() => {
  stores = createStores(false);
  live = new Map();
  calls = [];
  known = new KnownDefinitions();
});

const client = {
  create: async (type: { kind: string }, object: RevisionObject) => {
    calls.push(`create ${type.kind}`);
    if (type.kind !== 'ControllerRevision') return object;
    if (live.has(object.metadata.name)) throw new ApiError(409, { reason: 'AlreadyExists', message: '' });
    live.set(object.metadata.name, object);
    return object;
  },
  get: async (_type: unknown, { name }: { name: string }) => live.get(name),
  delete: async (_type: unknown, { name }: { name: string }) => void calls.push(`delete ${name}`),
} as unknown as KubeClient;

function workflowWith(more: Partial<Workflow> = {}): Workflow {
  const metadata = { name: 'w', namespace: 'n', uid: 'w-uid', generation: 1 };
  const workflow: Workflow = { apiVersion: '', kind: '', metadata, spec, ...more };
  stores.workflows.put({ key: 'n/w', uid: 'w-uid', resourceVersion: JSON.stringify(more), value: workflow });
  return workflow;
}

const judging = new Judging({ clock: realClock, limitMs: 20_000, maxWaiting: 8 });
let known: KnownDefinitions;
const judged = (workflow: Workflow) =>
  judge({ ...({ client, stores, judging } as unknown as WorkflowDeps), known }, workflow, signal);

/** In the API server, and in the cache unless that has not heard of it yet. */
function given(object: RevisionObject, isCached = true): void {
  const { name, uid = '' } = object.metadata;
  live.set(name, object);
  if (isCached) stores.revisions.put({ key: `n/${name}`, uid, resourceVersion: '1', value: decodeRevision(object) });
}

describe('pinning a definition', () => {
  const refusal = (isForged: string) => ({
    retry: true,
    refusal: [
      { type: 'Ready', status: 'False', reason: 'RevisionForged', message: expect.stringContaining(isForged) },
      { type: 'Stalled', status: 'True', reason: 'RevisionForged' },
    ],
  });
  const squatters: readonly [string, RevisionObject, string][] = [
    ['other content', { ...revisionObject(definition), data: evil }, 'its content has the digest'],
    ['another owner', revisionObject(definition, { uid: 'other' }), 'its owner is Workflow w (uid other)'],
  ];
  it.each(squatters)('is refused where a revision of %s has its name, cached or not', async (_what, object, why) => {
    given(object, false);
    expect(await judged(workflowWith())).toMatchObject(refusal(why));
    given(object);
    calls = [];
    expect(await judged(workflowWith())).toMatchObject(refusal(why));
    expect(calls).toEqual([]);
  });

  it('is done once, and finds what it did before a crash', async () => {
    expect(await judged(workflowWith())).toEqual({ definition: noted });
    expect(await judged(workflowWith())).toEqual({ definition: noted });
    expect([...live.keys()]).toEqual([noted.revision]);
  });

  it('skips the judgement only of what the status says was judged, and not for a revision that just fits', async () => {
    const unfit = { tasks: [{ name: 'a', image: 'i', run: 'true', needs: ['nobody'] }] };
    given(revisionObject(definitionOf(unfit)));
    const workflow = workflowWith({ spec: unfit });
    expect(await judged(workflow)).toMatchObject({ refusal: [{ reason: 'InvalidSpec' }, {}] });
    given(revisionObject(definition));
    calls = [];
    expect(await judged(workflowWith({ status: { definition: noted } }))).toEqual({ definition: noted });
    expect(calls).toEqual([]);
  });
});

describe('a definition that is pinned and judged', () => {
  /** Counts what is validated. */
  const counting = () => {
    const counted = { outer: 0 };
    const outer = (of: Workflow['spec']) => {
      counted.outer += 1;
      return judging.outer(of);
    };
    const deps = { client, stores, judging: { workflow: judging.workflow.bind(judging), outer } };
    return { counted, deps: { ...(deps as unknown as WorkflowDeps), known } };
  };

  it('is not judged again until its spec changes', async () => {
    given(revisionObject(definition));
    const { counted, deps } = counting();
    const workflow = workflowWith({ status: { definition: noted } });
    for (let round = 0; round < 3; round++) expect(await judge(deps, workflow, signal)).toEqual({ definition: noted });
    expect(counted.outer).toBe(1);
    const changed = { ...workflow, metadata: { ...workflow.metadata, generation: 2 } };
    expect(await judge(deps, changed, signal)).toEqual({ definition: noted });
    expect(counted.outer).toBe(2);
  });

  it('is refused as soon as its revision is not the one that was pinned', async () => {
    given(revisionObject(definition));
    const { deps } = counting();
    const workflow = workflowWith({ status: { definition: noted } });
    await judge(deps, workflow, signal);
    stores.revisions.remove(`n/${noted.revision}`);
    given({ ...revisionObject(definition), data: evil });
    expect(await judge(deps, workflow, signal)).toMatchObject({ refusal: [{ reason: 'RevisionForged' }, {}] });
  });
});

describe('forgetting old definitions', () => {
  it('deletes only those that are of just this Workflow, whatever carries its label', async () => {
    const numbered = (from: string, count: number, of = {}) =>
      Array.from({ length: count }, (_, at) =>
        revisionObject({ tasks: [{ name: 'a', image: `${from}-${at}`, run: 'true' }] }, of),
      );
    const ours = numbered('ours', 12);
    const others = numbered('others', 12, { uid: 'another' });
    for (const object of [...ours, ...others]) given(object);
    await pruneRevisions({ client, stores } as unknown as WorkflowDeps, workflowWith(), '', signal);
    const names = new Set(ours.map(({ metadata }) => `delete ${metadata.name}`));
    expect(calls).toHaveLength(2);
    expect(calls.every((call) => names.has(call))).toBe(true);
  });
});
