/** Runs whose pods cost nothing: they go to the simulated nodes, while the operator's own run for real. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { AuditRecord } from '../../hack/bench/audit.ts';
import { WORKFLOW_RUNS } from '../../src/controllers/index.ts';
import { ApiError } from '../../src/runtime/index.ts';
import { OPERATOR_USER } from '../support/installation.ts';
import { script } from '../support/manifests.ts';
import type { Scenario } from '../support/scenario.ts';
import { SIMULATED_TAINT } from './names.ts';
import { runOf, stage } from './stage.ts';

type Task = ReturnType<typeof script>;

/** A task of so many seconds on a simulated node. */
export function simulated(name: string, seconds: number, more: Partial<Task> = {}): Task {
  return script(name, 'true', {
    env: { SIMULATE_SECONDS: String(seconds) },
    nodeSelector: { type: 'kwok' },
    tolerations: [{ key: SIMULATED_TAINT, operator: 'Exists' }],
    ...more,
  });
}

/** The requests by which operators created pods in a namespace since a mark, in the order of their answers. */
export function podCreates(mark: number, namespace: string, user = OPERATOR_USER): AuditRecord[] {
  return stage()
    .audit.since(mark, (record) => {
      const { verb, resource, code, dryRun } = record;
      const created = verb === 'create' && resource === 'pods' && code === 201 && !dryRun;
      return created && record.user === user && record.namespace === namespace;
    })
    .sort((a, b) => a.answered - b.answered);
}

/** Creates a run. Whether it was: a replica that dies while it is asked about one takes the answer with it. */
async function created(namespace: string, name: string, workflow: string): Promise<boolean> {
  try {
    await stage().client.create(WORKFLOW_RUNS, runOf(namespace, name, workflow));
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.message.includes('failed calling webhook')) return false;
    throw error;
  }
}

/** Starts a run of a workflow again and again while something happens; in the end all of them have succeeded. */
export async function keepStarting(here: Scenario, workflow: string, everyMs: number, happens: Promise<unknown>) {
  let over = false;
  const ending = happens.finally(() => {
    over = true;
  });
  const names: string[] = [];
  while (!over) {
    const name = `${workflow}-${names.length}`;
    if (await created(here.namespace, name, workflow)) names.push(name);
    await sleep(everyMs);
  }
  await ending;
  for (const name of names) expect((await here.ended(name)).status?.phase).toBe('Succeeded');
  return names;
}
