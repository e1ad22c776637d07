import { beforeEach, describe, expect, it } from 'vitest';
import {
  encodeEvent,
  encodeEvents,
  type HistoryEvent,
  type RunJournal,
  SOMEBODY,
  UNATTESTED,
  type WorkflowRun,
} from '../../../api/index.ts';
import { Content, Plans } from '../../../definitions/index.ts';
import { accept, digestOfPage, digestText, evolve } from '../../../engine/index.ts';
import { ApiError, type KubeClient } from '../../../runtime/index.ts';
import { createStores } from '../../stores/stores.ts';
import { testProofs } from '../../testing/proofs.ts';
import { identities } from '../../testing/proving.ts';
import { pinned } from '../../testing/revisions.ts';
import { storePage } from '../history/pages.ts';
import { takenOver } from './taken-over.ts';

const { signal } = new AbortController();
const proves = testProofs();
const content = Content.of({
  tasks: [
    { name: 'a', image: 'i', run: 'true', outputs: [{ name: 'text', type: 'String' }] },
    { name: 'last', image: 'i', run: 'true', needs: ['a'], env: { T: '${{ tasks.a.outputs.text }}' } },
  ],
});
const EVENTS: HistoryEvent[] = [
  { type: 'Started', t: 1, path: 'a', attempt: 0 },
  { type: 'Succeeded', t: 2, path: 'a', outputs: { text: 'genuine' } },
  { type: 'Started', t: 3, path: 'last', attempt: 0 },
  { type: 'Succeeded', t: 4, path: 'last' },
  { type: 'Finished', t: 5, phase: 'Succeeded', reason: 'Succeeded', message: '' },
];

let kept: Map<string, RunJournal>;
const client = {
  create: async (_type: unknown, page: RunJournal) => void kept.set(page.metadata.name, structuredClone(page)),
  get: async (_type: unknown, { name }: { name: string }) =>
    kept.get(name) ?? Promise.reject(new ApiError(404, { reason: 'NotFound' })),
} as unknown as KubeClient;
const { entry, noted } = pinned(content.definition);
const deps = {
  ...{ client, stores: createStores(false), plans: new Plans(), proves },
  ...{ attests: UNATTESTED, identities: identities() },
};
deps.stores.revisions.put(entry);

/** A run whose whole history is in one page, and what a fork of it from `last` on takes over. */
async function forked(tamper: () => void = () => undefined) {
  const { state, encoded } = accept(content.digest, {}, 0);
  for (const event of EVENTS) evolve(state, event);
  const events = encodeEvents([encoded, ...EVENTS.map(encodeEvent)]);
  const page = { firstSeq: 1, lastSeq: EVENTS.length + 1, digest: digestText(events), events };
  const newest = { firstSeq: 1, digest: digestOfPage(page) };
  const run: WorkflowRun = {
    apiVersion: '',
    kind: '',
    metadata: { name: 'r', namespace: 'n', uid: 'u' },
    spec: { workflowRef: { name: 'w' }, desiredState: 'Running', from: { run: 'r', mode: 'Fork', task: 'last' } },
    status: { definition: noted, journal: { firstSeq: page.lastSeq + 1, pages: 1, tail: '[]', newest } },
  };
  await storePage({ client, proves }, run, page, signal);
  tamper();
  const origin = { run, state, lineage: { run: 'r', uid: 'u', root: 'r', attempt: 2 } };
  return takenOver(deps, run, origin, { content, parameters: {}, asked: SOMEBODY }, signal);
}

/** Makes the page again with other events, as whoever knows how pages are written does. */
function rewrite(from: string, to: string, more: Partial<RunJournal['spec']> = {}): void {
  const page = kept.get('u-1');
  if (!page) throw new Error('there is no page');
  const events = page.spec.events.replace(from, to);
  kept.set('u-1', { ...page, spec: { ...page.spec, events, digest: digestText(events), ...more } });
}

describe('what a fork takes over from pages of history', () => {
  beforeEach(() => {
    kept = new Map();
  });

  it('is what genuine pages say', async () => {
    expect(JSON.stringify(await forked())).toContain('genuine');
  });

  const remedy = /history events 1 to 6, starting at RunJournal u-1, .*; use mode Rerun/;
  it('is nothing of a page that was written again, and the fork says why', async () => {
    const forgery = forked(() => rewrite('genuine', 'forged'));
    await expect(forgery).rejects.toMatchObject({ reason: 'HistoryDamaged', message: expect.stringMatching(remedy) });
  });

  it('is nothing of a page that pretends to be of an older version', async () => {
    const forgery = forked(() => rewrite('genuine', 'forged', { proof: undefined, previous: undefined }));
    await expect(forgery).rejects.toMatchObject({ reason: 'HistoryDamaged' });
  });

  it('is nothing of a page that is gone', async () => {
    await expect(forked(() => kept.clear())).rejects.toMatchObject({ reason: 'HistoryDamaged' });
  });
});
