import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { deployedNodeOptions } from '../../hack/bench/operator-process.ts';
import { percentile } from '../../hack/bench/statistics.ts';
import { API_VERSION, type TaskRow, type Workflow, type WorkflowRun } from '../../src/api/index.ts';
import { WORKFLOW_RUNS, WORKFLOWS } from '../../src/controllers/index.ts';
import { Case, type Fault } from '../support/case.ts';
import { useSimulatedStage } from '../support/case-stage.ts';
import type { Rule } from '../support/fault-proxy.ts';
import { FULL } from '../support/tier.ts';

const stage = useSimulatedStage('ado-faults');
/** Runs that show how many can be done in a second. */
const SAMPLE = 40;
const FACTOR = 10;
const OVERLOAD_MS = 120_000;
/** How long it is watched afterwards, ms. */
const AFTER_MS = 30_000;
/** What the Deployment allows, MiB: resident memory must stay below it at any time, with the options of Node it gives. */
const MEMORY_LIMIT_MIB = 512;
/** What a run that has begun may take beside the time of its pods, ms: two transitions on a server that is slow to write. */
const BEGUN_MS = 20_000;
/** What an answer to a write takes, ms: so slow a server that this machine can submit ten times what it can do. */
const WRITE_MS = 120;
const FLAGS = ['--concurrency', '4', '--relist-period', '5m', '--lease-duration', '15s', '--log-level', 'info'];

const slowWrites: Rule = async ({ write }, forward) => {
  if (write !== undefined) await sleep(WRITE_MS);
  return forward();
};
const SLOW: Fault = { name: 'overload', rules: () => [slowWrites], flags: FLAGS };

const chain = (namespace: string): Workflow => ({
  apiVersion: API_VERSION,
  kind: 'Workflow',
  metadata: { name: 'chain', namespace },
  spec: {
    retention: { succeeded: { count: 1_000 } },
    defaults: { image: 'busybox:1.36', env: { SIMULATE_SECONDS: '0.5' } },
    tasks: [
      { name: 'first', run: 'sleep 0.5' },
      { name: 'second', needs: ['first'], run: 'sleep 0.5' },
    ],
  },
});

interface Seen {
  readonly waiting: number;
  readonly begun: number;
  readonly over: readonly WorkflowRun[];
}

async function look({ namespace }: Case): Promise<Seen> {
  const runs: WorkflowRun[] = [];
  let token: string | undefined;
  do {
    const page = await stage().client.list<WorkflowRun>(WORKFLOW_RUNS, { namespace, limit: 500, continue: token });
    runs.push(...page.items);
    token = page.metadata?.continue;
  } while (token);
  const over = runs.filter(({ status }) => status?.finishedAt !== undefined);
  const waiting = runs.filter(({ status }) => status?.state === undefined).length;
  return { waiting, begun: runs.length - waiting - over.length, over };
}

const submit = ({ namespace }: Case, name: string): Promise<unknown> =>
  stage().client.create(WORKFLOW_RUNS, {
    metadata: { namespace, name },
    spec: { workflowRef: { name: 'chain' } },
  } as never);

/** Runs a second that are ended when there is always enough to do. */
async function sustainableRate(opened: Case): Promise<number> {
  await Promise.all(Array.from({ length: SAMPLE }, (_, index) => submit(opened, `sample-${index}`)));
  const began = performance.now();
  await opened.until('the sample is over', async () => (await look(opened)).over.length === SAMPLE, {
    timeoutMs: 120_000,
    everyMs: 250,
  });
  return SAMPLE / ((performance.now() - began) / 1000);
}

const residentMebibytes = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

type Lasting = Pick<TaskRow, 'startedAt' | 'finishedAt'>;

const between = ({ startedAt = '', finishedAt = '' }: Lasting = {}): number =>
  Date.parse(finishedAt) - Date.parse(startedAt);

/** How long a run took beside its pods: how soon a node runs those is no matter of the operator. */
const addedOf = ({ status }: WorkflowRun): number =>
  (status?.tasks ?? []).reduce((left, task) => left - between(task), between(status));

describe('ten times as much as can be done', () => {
  it(
    'for two minutes leaves the operator alive and small, ends what has begun first, and is worked off',
    FULL,
    async () => {
      await Case.run(stage(), SLOW, async (opened) => {
        await opened.begin({ env: { NODE_OPTIONS: deployedNodeOptions() } });
        await stage().client.create(WORKFLOWS, chain(opened.namespace));
        const rate = await sustainableRate(opened);
        const { pid } = opened.operator;
        const memory: number[] = [];
        const sampling = setInterval(() => memory.push(residentMebibytes(pid)), 1_000);
        try {
          const submitted = await overload(opened, rate * FACTOR);
          const after = await look(opened);
          await sleep(AFTER_MS);
          const later = await look(opened);
          const ended = after.over.length - SAMPLE;
          const more = after.over.filter(({ metadata }) => metadata.name.startsWith('more'));
          const lasted = more.map(({ status }) => between(status));
          const added = more.map(addedOf);
          const largest = Math.max(...memory);
          console.log(
            `${rate.toFixed(1)} runs/s can be done; ${submitted} were submitted in ${OVERLOAD_MS / 1000} s: ${ended} ended, ` +
              `${after.begun} under way, ${after.waiting} waiting; a run took ${percentile(lasted, 0.5) / 1000} s ` +
              `(p95 ${percentile(lasted, 0.95) / 1000} s, ${percentile(added, 0.95) / 1000} s beside its pods); ` +
              `${later.waiting} waiting ${AFTER_MS / 1000} s later; ` +
              `${largest.toFixed(0)} MiB at most`,
          );
          expect(opened.operator.failure).toBeUndefined();
          expect(opened.operator.pid).toBe(pid);
          expect(largest).toBeLessThan(MEMORY_LIMIT_MIB);
          // What can be done is done all the while, and what has begun is not held up by what has not.
          expect(ended).toBeGreaterThan((rate * OVERLOAD_MS) / 1000 / 2);
          expect(percentile(added, 0.95)).toBeLessThan(BEGUN_MS);
          expect(after.waiting).toBeGreaterThan(submitted / 2);
          expect(later.waiting).toBeLessThan(after.waiting - (rate * AFTER_MS) / 1000 / 3);
        } finally {
          clearInterval(sampling);
        }
      });
    },
  );
});

/** Submits so many runs a second for the time of the overload; returns how many that were. */
async function overload(opened: Case, perSecond: number): Promise<number> {
  const began = performance.now();
  let submitted = 0;
  for (let passed = 0; passed < OVERLOAD_MS; passed = performance.now() - began) {
    const due = Math.floor((passed / 1000) * perSecond) - submitted;
    const names = Array.from({ length: Math.min(due, 100) }, (_, index) => `more-${submitted + index}`);
    await Promise.all(names.map((name) => submit(opened, name)));
    submitted += names.length;
    await sleep(50);
  }
  return submitted;
}
