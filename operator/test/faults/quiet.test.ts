import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../hack/bench/audit.ts';
import { AuditLog } from '../../hack/bench/audit-log.ts';
import { API_VERSION, type Workflow } from '../../src/api/index.ts';
import { WORKFLOW_RUNS, WORKFLOWS } from '../../src/controllers/index.ts';
import { Case } from '../support/case.ts';
import { useSimulatedStage } from '../support/case-stage.ts';
import { chaos } from '../support/chaos.ts';
import { diamond } from '../support/diamond.ts';
import { brokenInvariants, isSettled, type Objects } from '../support/observed-end.ts';
import { randomOf, SEED } from '../support/random.ts';
import { podCreates } from '../support/request-log.ts';
import { FULL } from '../support/tier.ts';

const stage = useSimulatedStage('ado-faults');
const DIAMONDS = 40;
const KEPT = 1_000;
/** Creates that are under way at a time. */
const AT_ONCE = 16;
/** Everything is listed at least once in the window, and by nobody more than twice. */
const FLAGS = ['--relist-period', '65s', '--lease-duration', '15s'];
const WINDOW_MS = 75_000;
/** Requests a second that an operator with nothing to do may make besides leases and watches. */
const IDLE_RATE = 0.2;
const ADMIN = 'kubernetes-admin';
const WRITES = ['create', 'update', 'patch', 'delete', 'deletecollection'];

/** A Workflow whose runs end at once and are all kept; their pods are not. */
const kept = (namespace: string): Workflow => ({
  apiVersion: API_VERSION,
  kind: 'Workflow',
  metadata: { name: 'kept', namespace },
  spec: {
    retention: { pods: 'Delete', succeeded: { count: KEPT } },
    defaults: { image: 'busybox:1.36', env: { SIMULATE_SECONDS: '0' } },
    tasks: [{ name: 'only', run: 'true' }],
  },
});

async function inTurn(count: number, create: (index: number) => Promise<unknown>): Promise<void> {
  const indexes = Array.from({ length: count }, (_, index) => index).values();
  const worker = async () => {
    for (const index of indexes) await create(index);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function giveDiamonds({ namespace }: Case): Promise<void> {
  const { workflow } = diamond(namespace);
  await inTurn(DIAMONDS, (index) =>
    stage().client.create(WORKFLOWS, { ...workflow, metadata: { namespace, name: `diamond-${index}` } }),
  );
}

async function giveKept({ namespace }: Case): Promise<void> {
  await stage().client.create(WORKFLOWS, kept(namespace));
  await inTurn(KEPT, (index) =>
    stage().client.create(WORKFLOW_RUNS, {
      metadata: { namespace, name: `kept-${index}` },
      spec: { workflowRef: { name: 'kept' } },
    } as never),
  );
}

/** All runs are over and every pod was let go of, or deleted where that was asked for. */
async function allOver(opened: Case, runs: number): Promise<Objects> {
  return opened.until(
    `${runs} runs are over`,
    async () => {
      const objects = await opened.objects();
      const retained = { ...objects, workflows: objects.workflows.filter(({ metadata }) => metadata.name !== 'kept') };
      const ofKept = objects.pods.filter(({ metadata }) => metadata.name.startsWith('kept-'));
      return objects.runs.length === runs && isSettled(retained) && ofKept.length === 0 && objects;
    },
    { timeoutMs: 240_000, everyMs: 2_000 },
  );
}

const isQuiet = ({ verb, resource }: AuditRecord): boolean => verb === 'watch' || resource === 'leases';

describe('an operator whose faults have stopped', () => {
  it(
    'has ended everything once, and then is quiet: no write for 75 s, 1,000 kept runs and lists of everything included',
    FULL,
    async () => {
      let isBad = true;
      const fault = { name: `chaos (ADO_SEED=${SEED})`, rules: () => chaos(randomOf(SEED), () => isBad) };
      await Case.run(stage(), fault, async (opened) => {
        await opened.begin({ flags: FLAGS });
        await giveDiamonds(opened);
        await sleep(10_000);
        opened.operator.kill();
        await sleep(10_000);
        isBad = false;
        await giveKept(opened);
        const { runs, journals, pods } = await allOver(opened, DIAMONDS + KEPT);
        for (const run of runs) {
          const own = pods.filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === run.metadata.uid);
          expect(brokenInvariants({ workflows: [], runs: [run], pods: own, journals })).toEqual([]);
        }
        expect(runs.filter(({ status }) => status?.phase !== 'Succeeded')).toEqual([]);
        const creates = podCreates(opened.proxy.log);
        expect(creates).toEqual({
          'a#0': DIAMONDS,
          'b#0': DIAMONDS,
          'b#1': DIAMONDS,
          'c#0': DIAMONDS,
          'd#0': DIAMONDS,
          'only#0': KEPT,
        });
        await expectQuiet(opened);
      });
    },
  );
});

/** Counted by the server: what it was asked in the namespace, and how often for what. */
async function expectQuiet(opened: Case): Promise<void> {
  const { namespace, operator } = opened;
  const { auditLog } = stage().cluster;
  if (!auditLog) throw new Error('this cluster has no audit log; run the test on the embedded one');
  const log = new AuditLog(auditLog);
  const own = (record: AuditRecord) => record.user === ADMIN && record.namespace === namespace && !isQuiet(record);
  const isWrite = (record: AuditRecord) => own(record) && WRITES.includes(record.verb);
  await opened.until('the last write was made', async () => {
    const before = log.mark();
    await sleep(3_000);
    return log.since(before, isWrite).length === 0;
  });
  const mark = log.mark();
  await sleep(WINDOW_MS);
  const asked = log.since(mark, own);
  const rate = asked.length / (WINDOW_MS / 1000);
  const tally = Map.groupBy(asked, ({ verb, resource }) => `${verb} ${resource}`);
  console.log(`${rate.toFixed(3)} requests/s: ${[...tally].map(([what, all]) => `${all.length} ${what}`).join(', ')}`);
  expect(asked.filter(isWrite)).toEqual([]);
  expect(rate).toBeLessThanOrEqual(IDLE_RATE);
  // The window would prove nothing had it not held a list of everything.
  expect([...tally.keys()].sort()).toEqual(
    [
      'backfills',
      'controllerrevisions',
      'pods',
      'semaphores',
      'signals',
      'workflowruns',
      'workflows',
      'workflowtemplates',
    ].map((resource) => `list ${resource}`),
  );
  expect(operator.failure).toBeUndefined();
}
