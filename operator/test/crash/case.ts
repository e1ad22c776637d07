/** One case: a namespace, an operator behind a proxy that does one thing to it, a run, and a look at what is left. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Workflow, WorkflowRun } from '../../src/api/index.ts';
import { WORKFLOW_RUNS, WORKFLOWS } from '../../src/controllers/index.ts';
import type { KubeClient } from '../../src/runtime/index.ts';
import { FaultProxy, type ProxiedRequest } from '../support/fault-proxy.ts';
import { noting, when } from '../support/faults.ts';
import { type Logged, lineOf, podCreates } from '../support/request-log.ts';
import { waitFor } from '../support/wait-for.ts';
import type { KindOfFault } from './faults.ts';
import { NAMESPACES, SERVICE_ACCOUNTS } from './namespace-resources.ts';
import { brokenInvariants, type End, endOf, isSettled, type Objects, readObjects } from './observed-end.ts';
import { OperatorUnderTest } from './operator-under-test.ts';
import type { Stage } from './stage.ts';

/** What a user brings: a Workflow, and a run of it unless it starts by itself. */
export type Scenario = (namespace: string) => { workflow: Workflow; run?: WorkflowRun };

export interface Fault {
  readonly kind: KindOfFault;
  /** For people: which write it happens to. */
  readonly to: string;
  /** Whether it happens to this request. It happens once. */
  readonly matches: (request: ProxiedRequest) => boolean;
}

export interface Outcome {
  readonly name: string;
  readonly end: End;
  /** Pods that were created, by attempt: how often each. */
  readonly creates: Readonly<Record<string, number>>;
  readonly writes: readonly Logged[];
  /** The write that met the fault. */
  readonly faulty: ProxiedRequest | undefined;
  /** What may never be. */
  readonly problems: readonly string[];
  readonly objects: Objects;
  /** ms until the run was over and everything was let go of. */
  readonly settledAfter: number;
  /** What a person looks at first when the case fails. */
  readonly explain: string;
}

const RELISTED = ['workflows', 'workflowruns', 'pods', 'controllerrevisions'];
const FLAGS = ['--lease-duration', '2s', '--relist-period', '5s', '--log-level', 'debug'];
/** How long after the last list its consequences are awaited, ms. */
const REACTION_MS = 500;
/** How long the last fault may have consequences that change nothing, ms. */
const AFTERMATH_MS = 3_000;
let cases = 0;

/** Runs a scenario under a fault, or without one, until it is over and everything has been listed again since. */
export async function runCase(stage: Stage, scenario: Scenario, fault?: Fault): Promise<Outcome> {
  const namespace = `${stage.prefix}-${++cases}`;
  const name = fault ? `${fault.kind.name}, ${fault.to}` : 'no fault';
  const folder = mkdtempSync(join(tmpdir(), 'ado-crash-'));
  let faulty: ProxiedRequest | undefined;
  let operator: OperatorUnderTest | undefined;
  const rule = fault?.kind.rule(() => operator?.kill());
  const matches = (request: ProxiedRequest) => !faulty && fault?.matches(request) === true;
  const note = (request: ProxiedRequest) => {
    faulty = request;
  };
  const rules = [rule && when(matches, noting(rule, note)), fault?.kind.meanwhile].filter((each) => each !== undefined);
  const proxy = await FaultProxy.start(stage.kubeconfig, rules);
  const explain = () => explanation(name, proxy, operator);
  try {
    const settledAfter = await stage.slots.run(async () => {
      await createNamespace(stage.client, namespace);
      const kubeconfig = join(folder, 'kubeconfig');
      writeFileSync(kubeconfig, proxy.kubeconfig);
      const flags = [...FLAGS, ...(fault?.kind.flags ?? [])];
      const keepsIdentity = fault?.kind.keepsIdentity ?? true;
      const { compileCache } = stage;
      operator = new OperatorUnderTest({ kubeconfig, namespace, flags, keepsIdentity, compileCache });
      const began = performance.now();
      await createAll(stage.client, scenario(namespace));
      await waitFor(`all is settled: ${name}`, () => hasSettled(stage.client, namespace), {
        timeoutMs: 90_000,
        explain,
      });
      return performance.now() - began;
    });
    const settledAt = performance.now();
    await waitFor(`all was listed again: ${name}`, () => hasRelisted(proxy), { timeoutMs: 60_000, explain });
    const objects = await readObjects(stage.client, namespace);
    const problems = brokenInvariants(objects);
    const writes = proxy.writes;
    problems.push(...writes.filter((write) => isLate(write, settledAt)).map((write) => `late: ${lineOf(write)}`));
    if (operator?.failure) problems.push(operator.failure);
    const creates = podCreates(proxy.log);
    return { name, end: endOf(objects), creates, writes, faulty, problems, objects, settledAfter, explain: explain() };
  } finally {
    await operator?.end();
    await proxy.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function createNamespace(client: KubeClient, name: string): Promise<void> {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await client.create(NAMESPACES, { metadata: { name, labels } });
  const account = () => client.get(SERVICE_ACCOUNTS, { namespace: name, name: 'default' }).then(Boolean, () => false);
  await waitFor(`the namespace ${name} has its service account`, account, { everyMs: 50 });
}

async function createAll(client: KubeClient, { workflow, run }: ReturnType<Scenario>): Promise<void> {
  await client.create(WORKFLOWS, workflow);
  if (run) await client.create(WORKFLOW_RUNS, run);
}

/** Asks for one thing until that is over: most of the time most of it would be asked for in vain. */
async function hasSettled(client: KubeClient, namespace: string): Promise<boolean> {
  const { items } = await client.list<WorkflowRun>(WORKFLOW_RUNS, { namespace });
  if (!items.some(({ status }) => status?.finishedAt !== undefined)) return false;
  return isSettled(await readObjects(client, namespace));
}

/**
 * Nothing is to be written once all is settled. Who does not know yet that his last write was done may try it again for
 * a while, and is refused.
 */
function isLate({ at, status = 0 }: Logged, settledAt: number): boolean {
  const isRefused = status >= 400;
  return at > settledAt + (isRefused ? AFTERMATH_MS : 0);
}

/** Since the last write every kind was listed again, and answered some time ago: what it leads to has happened. */
function hasRelisted(proxy: FaultProxy): boolean {
  const since = proxy.writes.at(-1)?.at ?? 0;
  const until = performance.now() - REACTION_MS;
  const lists = proxy.log.filter(({ at, status }) => status === 200 && at > since && at < until).filter(isList);
  return RELISTED.every((plural) => lists.some(({ resource }) => resource === plural));
}

const isList = ({ method, name, path }: Logged): boolean => method === 'GET' && !name && !path.includes('watch=true');

function explanation(name: string, proxy: FaultProxy, operator: OperatorUnderTest | undefined): string {
  const log = (operator?.log ?? '').split('\n').filter((line) => !line.includes('"level":"debug"'));
  return [name, ...proxy.writes.map(lineOf), ...log.slice(-25).map((line) => line.slice(0, 400))].join('\n  ');
}
