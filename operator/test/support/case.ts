/** One case: a namespace, an operator behind a proxy that does things to it, a run, and a look at what is left. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Semaphore, Workflow, WorkflowRun } from '../../src/api/index.ts';
import { SEMAPHORES, WORKFLOW_RUNS, WORKFLOWS } from '../../src/controllers/index.ts';
import { type KubeClient, NAMESPACES } from '../../src/runtime/index.ts';
import type { Stage } from './case-stage.ts';
import { FaultProxy, type ProxiedRequest, type ProxyOptions, type Rule } from './fault-proxy.ts';
import { SERVICE_ACCOUNTS } from './namespace-resources.ts';
import { brokenInvariants, type End, endOf, isSettled, type Objects, readObjects } from './observed-end.ts';
import { OperatorUnderTest } from './operator-under-test.ts';
import { type Logged, lineOf, podCreates } from './request-log.ts';
import { type WaitOptions, waitFor } from './wait-for.ts';

/** What a user brings: a Workflow, a run of it unless it starts by itself, and the semaphore that it needs. */
export type Scenario = (namespace: string) => { workflow: Workflow; run?: WorkflowRun; semaphore?: Semaphore };

/** What a fault may do beside what its rules do to requests. */
export interface Hands {
  /** Kills the operator, which is replaced at once. */
  kill(): void;
  /** Says that the fault happened: a case that never met its fault proves nothing. */
  met(request?: ProxiedRequest): void;
}

/** What a run may not depend on. */
export type Expected = Pick<Outcome, 'end' | 'creates'>;

export interface Fault {
  /** For people: what is done, and to what. */
  readonly name: string;
  readonly rules: (hands: Hands) => readonly Rule[];
  /** Further flags of the operator. */
  readonly flags?: readonly string[];
  /** Whether a killed operator comes back as the same replica (default); if not, it waits for the lease of the dead one. */
  readonly keepsIdentity?: boolean;
  /** What is wrong with an outcome that need not be the expected one; undefined when it must be. */
  readonly judge?: (outcome: Outcome) => readonly string[] | undefined;
  /** False where lists are too rare to be waited for: then the fault must have been overcome without them. */
  readonly awaitsLists?: boolean;
  /** What must hold besides. */
  readonly alsoJudge?: (outcome: Outcome) => readonly string[];
}

/** What is different about one operator. */
export interface OwnOperator {
  readonly kubeconfig?: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly identity?: string;
  readonly comesBack?: boolean;
}

export interface Outcome {
  readonly name: string;
  readonly end: End;
  /** Pods that were created, by attempt: how often each. */
  readonly creates: Readonly<Record<string, number>>;
  readonly writes: readonly Logged[];
  /** Every request, in the order of arrival. */
  readonly log: readonly Logged[];
  /** Whether the fault happened, and to which request if to one. */
  readonly met: boolean;
  readonly faulty: ProxiedRequest | undefined;
  /** What may never be. */
  readonly problems: readonly string[];
  readonly objects: Objects;
  /** ms until the run was over and everything was let go of. */
  readonly settledAfter: number;
  /** What a person looks at first when the case fails. */
  readonly explain: string;
}

const NO_FAULT: Fault = { name: 'no fault', rules: () => [] };
const RELISTED = ['workflows', 'workflowruns', 'pods', 'controllerrevisions'];
const FLAGS = ['--relist-period', '5s', '--log-level', 'debug'];
/** Of a replica that comes back as itself: long, for a busy machine renews late, and who loses the lease starts anew. */
const OWN_LEASE = ['--lease-duration', '30s'];
/** Where another replica must wait until it ends. */
const LEFT_LEASE = ['--lease-duration', '3s'];
/** How long after the last list its consequences are awaited, ms. */
const REACTION_MS = 500;
/** How long the last fault may have consequences that change nothing, ms. */
const AFTERMATH_MS = 3_000;
let cases = 0;

/** Runs a scenario under a fault, or without one, until it is over and everything has been listed again since. */
export async function runCase(stage: Stage, scenario: Scenario, fault?: Fault): Promise<Outcome> {
  return Case.run(stage, fault, async (opened) => {
    const settledAfter = await stage.slots.run(async () => {
      await opened.begin();
      const began = performance.now();
      await opened.give(scenario);
      await opened.settled();
      return performance.now() - began;
    });
    return opened.outcome(settledAfter);
  });
}

/** A case under way. `runCase` is what most tests need; the others do things to it by themselves. */
export class Case {
  readonly namespace: string;
  readonly proxy: FaultProxy;
  /** Where its files are while it lasts. */
  readonly folder: string;
  readonly #stage: Stage;
  readonly #fault: Fault;
  readonly #met: { happened: boolean; faulty: ProxiedRequest | undefined };
  #hasNamespace = false;
  #operator: OperatorUnderTest | undefined;

  private constructor(
    stage: Stage,
    fault: Fault,
    proxy: FaultProxy,
    folder: string,
    met: { happened: boolean; faulty: ProxiedRequest | undefined },
  ) {
    this.namespace = `${stage.prefix}-${++cases}`;
    this.#stage = stage;
    this.#fault = fault;
    this.#met = met;
    this.proxy = proxy;
    this.folder = folder;
  }

  /** Opens a case, hands it to `work`, and ends all of it whatever comes of that. */
  static async run<T>(
    stage: Stage,
    fault: Fault = NO_FAULT,
    work: (opened: Case) => Promise<T>,
    options: ProxyOptions = {},
  ): Promise<T> {
    const met: { happened: boolean; faulty: ProxiedRequest | undefined } = { happened: false, faulty: undefined };
    let opened: Case | undefined;
    const rules = fault.rules({
      kill: () => opened?.operator.kill(),
      met: (request) => {
        met.happened = true;
        met.faulty ??= request;
      },
    });
    const proxy = await FaultProxy.start(stage.kubeconfig, rules, options);
    const folder = mkdtempSync(join(tmpdir(), 'ado-case-'));
    opened = new Case(stage, fault, proxy, folder, met);
    try {
      return await work(opened);
    } finally {
      await opened.#operator?.end();
      await proxy.close();
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** @throws Error before `begin` */
  get operator(): OperatorUnderTest {
    if (!this.#operator) throw new Error('the operator of this case has not been started');
    return this.#operator;
  }

  /** Makes the namespace, unless it was made before, and starts the operator. */
  async begin(own: OwnOperator = {}): Promise<void> {
    if (!this.#hasNamespace) await this.makeNamespace();
    this.#operator = this.startOperator(own);
  }

  async makeNamespace(): Promise<void> {
    this.#hasNamespace = true;
    const { client } = this.#stage;
    const { namespace } = this;
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await client.create(NAMESPACES, { metadata: { name: namespace, labels } });
    const account = () => client.get(SERVICE_ACCOUNTS, { namespace, name: 'default' }).then(Boolean, () => false);
    await waitFor(`the namespace ${namespace} has its service account`, account, { everyMs: 50 });
  }

  /** An operator of this namespace through the proxy; whoever starts one beside `begin` ends it. */
  startOperator(own: OwnOperator): OperatorUnderTest {
    const kubeconfig = join(this.folder, `kubeconfig-${own.identity ?? 'replica'}`);
    writeFileSync(kubeconfig, own.kubeconfig ?? this.proxy.kubeconfig);
    const { keepsIdentity = true } = this.#fault;
    return new OperatorUnderTest({
      kubeconfig,
      namespace: this.namespace,
      flags: [
        ...FLAGS,
        ...(keepsIdentity ? OWN_LEASE : LEFT_LEASE),
        ...(this.#fault.flags ?? []),
        ...(own.flags ?? []),
      ],
      keepsIdentity,
      env: own.env ?? {},
      ...(own.identity === undefined ? {} : { identity: own.identity }),
      ...(own.comesBack === undefined ? {} : { comesBack: own.comesBack }),
    });
  }

  async give(scenario: Scenario): Promise<void> {
    const { workflow, run, semaphore } = scenario(this.namespace);
    if (semaphore) await this.#stage.client.create(SEMAPHORES, semaphore);
    await this.#stage.client.create(WORKFLOWS, workflow);
    if (run) await this.#stage.client.create(WORKFLOW_RUNS, run);
  }

  /** Waits until every run is over and everything is let go of. */
  async settled(timeoutMs = 240_000): Promise<void> {
    await this.until('all is settled', () => hasSettled(this.#stage.client, this.namespace), { timeoutMs });
  }

  async until<T>(
    what: string,
    probe: () => Promise<T | undefined | false> | T | undefined | false,
    options: WaitOptions = {},
  ): Promise<T> {
    return waitFor(`${what}: ${this.#fault.name}`, probe, { explain: () => this.explain(), ...options });
  }

  objects(): Promise<Objects> {
    return readObjects(this.#stage.client, this.namespace);
  }

  /** Waits until everything was listed again, and says how all of it ended. Call when it is settled. */
  async outcome(settledAfter: number): Promise<Outcome> {
    const settledAt = performance.now();
    if (this.#fault.awaitsLists ?? true) {
      await this.until('all was listed again', () => hasRelisted(this.proxy));
    }
    const objects = await this.objects();
    const { writes } = this.proxy;
    const problems = brokenInvariants(objects);
    problems.push(...writes.filter((write) => isLate(write, settledAt)).map((write) => `late: ${lineOf(write)}`));
    problems.push(...unconditionalDeletes(this.proxy.log).map((write) => `deleted by name alone: ${lineOf(write)}`));
    if (this.operator.failure) problems.push(this.operator.failure);
    const creates = podCreates(this.proxy.log);
    const { happened: met, faulty } = this.#met;
    const explain = this.explain();
    return {
      name: this.#fault.name,
      end: endOf(objects),
      creates,
      writes,
      log: this.proxy.log,
      met,
      faulty,
      problems,
      objects,
      settledAfter,
      explain,
    };
  }

  explain(): string {
    const log = (this.#operator?.log ?? '').split('\n').filter((line) => !line.includes('"level":"debug"'));
    const lines = [...this.proxy.writes.map(lineOf), ...log.slice(-25).map((line) => line.slice(0, 400))];
    return [this.#fault.name, ...lines].join('\n  ');
  }
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

/** Whoever deletes by a name alone may delete what somebody else has made under it since. */
const unconditionalDeletes = (log: readonly Logged[]): readonly Logged[] =>
  log.filter(({ method, ofUid }) => method === 'DELETE' && ofUid === undefined);

/** Since the last write every kind was listed again, and answered some time ago: what it leads to has happened. */
function hasRelisted(proxy: FaultProxy): boolean {
  const since = proxy.writes.at(-1)?.at ?? 0;
  const until = performance.now() - REACTION_MS;
  const lists = proxy.log.filter(({ at, status }) => status === 200 && at > since && at < until).filter(isList);
  return RELISTED.every((plural) => lists.some(({ resource }) => resource === plural));
}

const isList = ({ method, name, path }: Logged): boolean => method === 'GET' && !name && !path.includes('watch=true');
