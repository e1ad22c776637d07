/**
 * Who: a user who may create WorkflowRuns of the namespace, and change them. There is no admission webhook and no policy.
 * What they try: to silence a schedule by taking the names of its next runs, with every mark that such runs have; and to have
 * Workflows start each other for ever, by writing another depth, and one that is no number, on their runs.
 * What must be: the schedule starts its runs under other names and names the strangers; the circle ends where it always does.
 */
import { describe, expect } from 'vitest';
import { API_VERSION, GROUP, type Schedule, timeOf, type WorkflowSpec } from '../../src/api/index.ts';
import { runNameOf } from '../../src/schedules/index.ts';
import { Attacker } from '../support/attacker.ts';
import { it, useOperator } from '../support/e2e.ts';
import { type Manifest, workflow, workflowRun } from '../support/manifests.ts';
import type { Scenario } from '../support/scenario.ts';

useOperator();

const STEP_MS = 5_000;
const TAKEN = 24;
const RUNS = { group: GROUP, resources: ['workflowruns'], verbs: ['create', 'get', 'list', 'patch'] };
const EVENTS = ['get', 'events.v1.events.k8s.io', '-o', 'jsonpath={range .items[*]}{.reason} {.note}{"\\n"}{end}'];
const nothing: WorkflowSpec['tasks'] = [{ name: 'nothing', compute: { done: 'true' } }];

const ticking = (more: Partial<Schedule> = {}): Manifest =>
  workflow('tick', {
    triggers: { schedules: [{ name: 'often', cron: '*/5 * * * * *', overlap: 'Allow', ...more }] },
    tasks: nothing,
  });

/** Runs with the names and marks of the next slots. */
function squatters(uid: string): Manifest[] {
  const next = Math.ceil(Date.now() / STEP_MS) * STEP_MS;
  return Array.from({ length: TAKEN }, (_, index) => {
    const slot = next + index * STEP_MS;
    const name = runNameOf({ workflow: 'tick', uid, schedule: 'often' }, slot);
    const ownerReferences = [{ apiVersion: API_VERSION, kind: 'Workflow', name: 'tick', uid, controller: true }];
    const origin = { type: 'Schedule' as const, schedule: 'often', slot: timeOf(slot) };
    const labels = { [`${GROUP}/workflow`]: 'tick', [`${GROUP}/schedule`]: 'often' };
    return {
      ...{ apiVersion: API_VERSION, kind: 'WorkflowRun' },
      metadata: { name, labels, ownerReferences },
      spec: { workflowRef: { name: 'none' }, origin },
    };
  });
}

const told = async (scenario: Scenario, reason: string) =>
  (await scenario.kubectl(EVENTS)).split('\n').filter((line) => line.startsWith(`${reason} `));

describe('runs of a schedule whose names are taken', () => {
  it('start all the same, under other names, and the strangers are named', async ({ scenario }) => {
    await scenario.given(ticking({ suspend: true }));
    const { uid = '' } = (await scenario.workflowIs('tick', 'True')).metadata;
    const mallory = await Attacker.with(scenario, RUNS);
    const items = squatters(uid);
    await mallory.kubectl(['create', '-f', '-'], { apiVersion: 'v1', kind: 'List', items });
    await scenario.given(ticking());
    const taken = new Set(items.map(({ metadata }) => metadata.name));
    const started = await scenario.until('two runs are started', async () => {
      const runs = (await scenario.runs()).filter(({ spec }) => spec.provenance !== undefined);
      return runs.length >= 2 && runs;
    });
    for (const { metadata, spec } of started) {
      expect(taken.has(metadata.name)).toBe(false);
      expect(spec.origin?.type).toBe('Schedule');
    }
    expect(new Set(started.map(({ spec }) => spec.origin?.slot)).size).toBe(started.length);
    const [first] = started;
    const said = await scenario.until('the stranger is named', async () =>
      (await told(scenario, 'NameTaken')).find((line) => line.includes(first?.metadata.name ?? '')),
    );
    expect(said).toMatch(/the WorkflowRun tick-often-\S+ has the name .* delete it/);
    await scenario.given(ticking({ suspend: true }));
  });
});

describe('a circle of completions', () => {
  it('ends after eight, whatever is written on the runs', async ({ scenario }) => {
    const after = (name: string, of: string) =>
      workflow(name, { triggers: { completions: [{ name: 'next', workflow: of }] }, tasks: nothing });
    await scenario.given(after('ping', 'pong'), after('pong', 'ping'));
    for (const name of ['ping', 'pong']) {
      await scenario.until('the trigger counts', async () =>
        (await scenario.workflow(name)).status?.completions?.some(({ since }) => since !== ''),
      );
    }
    const mallory = await Attacker.with(scenario, RUNS);
    const first = workflowRun('first', 'ping');
    const annotations = { [`${GROUP}/depth`]: 'x' };
    await mallory.create({ ...first, metadata: { ...first.metadata, annotations } });
    await scenario.until('the circle ends', async () => {
      for (const depth of ['x', '-100', '0']) {
        await mallory.kubectl(['annotate', 'awr', '--all', '--overwrite', `${GROUP}/depth=${depth}`]);
      }
      return (await told(scenario, 'TriggerRefused')).some((line) => line.includes('TooDeep'));
    });
    expect(await scenario.runs()).toHaveLength(9);
  });
});
