/** @module-tag full */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import {
  decodeEvents,
  type RunJournal,
  rootOf,
  STATUS_BUDGET_BYTES,
  type WorkflowRun,
} from '../../../src/api/index.ts';
import { RUN_JOURNALS, WORKFLOW_RUNS } from '../../../src/controllers/index.ts';
import { decodeState } from '../../../src/engine/index.ts';
import { countTo } from '../../support/counting.ts';
import { it, useOperator } from '../../support/e2e.ts';
import { script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, type Scenario } from '../../support/scenario.ts';

useOperator({ own: { name: 'ado-chains', kwok: 1 } });

const MINUTES = 15;
const IN_PODS = 1_000;
const COMPUTED = 10_000;

/** What is stored of a chain when it was looked at. */
interface Stored {
  /** In which iteration its newest run was. */
  readonly iteration: number;
  readonly bytes: number;
  /** Runs and pages of their histories. */
  readonly objects: number;
  readonly runs: number;
  /** Pages that these runs have cut; there are more while those of others are not gone. */
  readonly pages: number;
}

const bytesOf = (object: unknown): number => Buffer.byteLength(JSON.stringify(object));
const placeOf = (run: WorkflowRun): number => run.spec.continues?.index ?? 0;

/** All that the API server stores of a chain, as it is now. */
async function storedOf({ client, namespace }: Scenario, root: string): Promise<Stored> {
  const { items: all } = await client.list<WorkflowRun>(WORKFLOW_RUNS, { namespace });
  const { items: allPages } = await client.list<RunJournal>(RUN_JOURNALS, { namespace });
  const runs = all.filter((run) => rootOf(run) === root);
  const pages = allPages.filter(({ spec }) => spec.runRef.name.replace(/-c\d+$/, '') === root);
  const newest = runs.sort((a, b) => placeOf(b) - placeOf(a))[0];
  const state = newest?.status?.state === undefined ? undefined : decodeState(newest.status.state);
  return {
    iteration: state?.tasks.get('loop')?.unit.loop?.index ?? 0,
    bytes: [...runs, ...pages].reduce((sum, object) => sum + bytesOf(object), 0),
    objects: runs.length + pages.length,
    runs: runs.length,
    pages: runs.reduce((sum, { status }) => sum + (status?.journal?.pages ?? 0), 0),
  };
}

/** The last run of a chain, once it is over. */
function lastOf(
  scenario: Scenario,
  root: string,
  look: () => Promise<unknown> = async () => undefined,
): Promise<WorkflowRun> {
  const probe = async () => {
    await look();
    const runs = await scenario.runs();
    return runs.find((run) => {
      const { status } = run;
      return rootOf(run) === root && status?.finishedAt !== undefined && status.chain?.next === undefined;
    });
  };
  return scenario.until('the chain is over', probe, { timeoutMs: MINUTES * 60_000, everyMs: 250 });
}

/** The size of the largest version of any run of the namespace, as the server sent it, until it is asked for. */
function largestVersion({ client, namespace }: Scenario): () => Promise<number> {
  const controller = new AbortController();
  const { signal } = controller;
  let largest = 0;
  const onLine = (line: string) => {
    largest = Math.max(largest, bytesOf(JSON.parse(line).object));
    return undefined;
  };
  const query = { namespace, resourceVersion: '0', timeoutSeconds: MINUTES * 60 };
  const over = client
    .watch(WORKFLOW_RUNS, query, { signal, inactivityMs: MINUTES * 60_000, onLine })
    .catch(() => undefined);
  return async () => {
    await sleep(200); // the watch is at most a moment behind
    controller.abort();
    await over;
    return largest;
  };
}

function expectSum(run: WorkflowRun, iterations: number): void {
  expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'True', reason: 'Succeeded' });
  expect(handedOn(run)).toMatchObject({ n: iterations, sum: (iterations * (iterations - 1)) / 2 });
}

describe('a loop without end in sight', () => {
  it(`goes round ${COMPUTED} times in expressions, and leaves no more behind than a tenth of that`, {
    timeout: MINUTES * 60_000,
  }, async ({ scenario }) => {
    const largest = largestVersion(scenario);
    const left = await Promise.all([COMPUTED / 10, COMPUTED / 2, COMPUTED].map((many) => computed(scenario, many)));
    expect(await largest()).toBeLessThan(STATUS_BUDGET_BYTES);
    expectBounded(left);
  });

  it(`goes round ${IN_PODS} times in pods, and stores no more in the end than in the beginning`, {
    timeout: MINUTES * 60_000,
  }, async ({ scenario }) => {
    const seen: Stored[] = [];
    const largest = largestVersion(scenario);
    const started = performance.now();
    await scenario.given(
      workflow('endless', {
        defaults: { env: { SIMULATE_SECONDS: '0' } },
        continueAsNew: { afterEvents: 200 },
        tasks: [script('loop', 'true', { loop: countTo(IN_PODS) })],
      }),
      workflowRun('endless', 'endless'),
    );
    const last = await lastOf(scenario, 'endless', async () => seen.push(await storedOf(scenario, 'endless')));
    const seconds = (performance.now() - started) / 1000;
    expectSum(last, IN_PODS);
    const most = await largest();
    const parts = [0.05, 0.45, 0.9].map((from) => mostIn(seen, from * IN_PODS, (from + 0.1) * IN_PODS));
    const told = parts.map(({ bytes, objects }) => `${bytes} bytes in ${objects} objects`).join('; ');
    console.info(
      `${IN_PODS} iterations in pods in ${seconds.toFixed(1)} s (${(IN_PODS / seconds).toFixed(0)} per second): ` +
        `${placeOf(last) + 1} runs; stored at 10, 50 and 100 %: ${told}; the largest version of a run has ${most} bytes`,
    );
    expect(most).toBeLessThan(STATUS_BUDGET_BYTES);
    expectBounded(parts);
  });
});

function expectBounded([first, ...later]: readonly Pick<Stored, 'bytes' | 'objects'>[]): void {
  const { bytes = 0, objects = 0 } = first ?? {};
  expect(bytes).toBeGreaterThan(0);
  for (const each of later) {
    // How many pages a run cuts depends on how much of it is stored at once.
    expect(each.bytes).toBeLessThanOrEqual(bytes * 2);
    expect(each.objects).toBeLessThanOrEqual(objects * 3);
  }
}

/** What a chain of so many iterations leaves behind for good. */
async function computed(scenario: Scenario, iterations: number): Promise<Stored> {
  const name = `of-${iterations}`;
  const started = performance.now();
  await scenario.given(
    workflow(name, {
      continueAsNew: { afterEvents: 500 },
      tasks: [{ name: 'loop', compute: { v: 'iteration' }, loop: countTo(iterations) }],
    }),
    workflowRun(name, name),
  );
  const last = await lastOf(scenario, name);
  const seconds = (performance.now() - started) / 1000;
  expectSum(last, iterations);
  const probe = async () => {
    const stored = await storedOf(scenario, name);
    return stored.runs === 3 && stored.objects === 3 + stored.pages && stored;
  };
  const left = await scenario.until(`what ${name} is to leave behind is all`, probe, { timeoutMs: MINUTES * 60_000 });
  console.info(
    `${iterations} iterations in expressions in ${seconds.toFixed(1)} s (${(iterations / seconds).toFixed(0)} per second): ` +
      `${placeOf(last) + 1} runs, of which are left ${left.bytes} bytes in ${left.objects} objects`,
  );
  return left;
}

/** What was stored at most while the chain was in these iterations. */
function mostIn(seen: readonly Stored[], from: number, to: number): Pick<Stored, 'bytes' | 'objects'> {
  const then = seen.filter(({ iteration }) => iteration >= from && iteration < to);
  return {
    bytes: Math.max(...then.map(({ bytes }) => bytes)),
    objects: Math.max(...then.map(({ objects }) => objects)),
  };
}

/** What the loop hands on is in its last event. */
function handedOn(run: WorkflowRun): unknown {
  const events = decodeEvents(run.status?.journal?.tail ?? '[]');
  const ended = events.find((event) => event.type === 'Succeeded' && event.path === 'loop');
  return ended?.type === 'Succeeded' ? ended.outputs : undefined;
}
