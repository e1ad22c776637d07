/** People and systems who answer and send: each uses kubectl as themselves, with the rights of a namespace. */
import { API_VERSION, GROUP, type Signal, type SignalResponse } from '../../src/api/index.ts';
import { SIGNALS } from '../../src/controllers/index.ts';
import type { Manifest } from './manifests.ts';
import type { Scenario } from './scenario.ts';

/** Whoever is in this group may read, create and change signals and runs of the scenario's namespace. */
export const STAFF = 'staff';

/** Lets the staff work with signals, and service accounts of the namespace too. */
export async function givenStaff(scenario: Scenario): Promise<void> {
  const resources = ['signals', 'workflowruns'];
  const verbs = ['get', 'list', 'watch', 'create', 'patch', 'delete'];
  const subjects = [
    { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: STAFF },
    { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: `system:serviceaccounts:${scenario.namespace}` },
  ];
  await scenario.given(
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'staff' },
      rules: [{ apiGroups: [GROUP], resources, verbs }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'staff' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'staff' },
      subjects,
    },
  );
}

/** A user with groups, who may work with signals. */
export class Person {
  readonly username: string;
  readonly groups: readonly string[];
  readonly #scenario: Scenario;

  constructor(scenario: Scenario, username: string, groups: readonly string[] = []) {
    this.#scenario = scenario;
    this.username = username;
    this.groups = [...groups, STAFF];
  }

  /** kubectl as this user; throws what it complained of. */
  kubectl(args: readonly string[], input?: unknown): Promise<string> {
    return this.#scenario.kubectl([...this.#as(), ...args], input);
  }

  /** What kubectl complained of. @throws Error when it did not complain */
  refused(args: readonly string[], input?: unknown): Promise<string> {
    return this.#scenario.refused([...this.#as(), ...args], input);
  }

  /** Answers as people do where the admission webhook is on. */
  answer(signal: string, spec: object): Promise<string> {
    return this.kubectl(patchOf(signal, spec));
  }

  /** What an answer was refused with. */
  refusedAnswer(signal: string, spec: object): Promise<string> {
    return this.refused(patchOf(signal, spec));
  }

  /** Answers as people do where the admission webhook is off: by a response in their own name. */
  async respond(signal: string, answer: Partial<SignalResponse>): Promise<void> {
    const { username, groups } = this;
    const response = { username, groups, ...answer };
    const { spec } = await signalOf(this.#scenario, signal);
    const path = spec.responses ? '/spec/responses/-' : '/spec/responses';
    const value = spec.responses ? response : [response];
    await this.kubectl(['patch', 'asig', signal, '--type=json', '-p', JSON.stringify([{ op: 'add', path, value }])]);
  }

  /** Sends data to a run. */
  async send(data: Manifest): Promise<void> {
    await this.kubectl(['create', '-f', '-'], data);
  }

  #as(): string[] {
    return ['--as', this.username, ...this.groups.flatMap((group) => ['--as-group', group])];
  }
}

const patchOf = (signal: string, spec: object) => [
  'patch',
  'asig',
  signal,
  '--type=merge',
  '-p',
  JSON.stringify({ spec }),
];

/** A signal with data for a run. */
export function dataSignal(
  name: string,
  run: string,
  channel: string,
  data: Readonly<Record<string, string>> = {},
): Manifest {
  return { apiVersion: API_VERSION, kind: 'Signal', metadata: { name }, spec: { run, name: channel, data } };
}

export function signalOf(scenario: Scenario, name: string): Promise<Signal> {
  return scenario.client.get<Signal>(SIGNALS, { name, namespace: scenario.namespace });
}

/** All signals of the namespace. */
export async function signalsOf(scenario: Scenario): Promise<Signal[]> {
  return (await scenario.client.list<Signal>(SIGNALS, { namespace: scenario.namespace })).items;
}

/** Waits until the signal is there and satisfies `holds`, and returns it. */
export function signalIs(
  scenario: Scenario,
  name: string,
  what: string,
  holds: (signal: Signal) => boolean,
): Promise<Signal> {
  return scenario.until(`signal ${name} ${what}`, async () => {
    const signal = await signalOf(scenario, name).catch(() => undefined);
    return signal !== undefined && holds(signal) && signal;
  });
}

/** Waits until the signal waits for somebody. */
export const signalWaits = (scenario: Scenario, name: string): Promise<Signal> =>
  signalIs(scenario, name, 'waits', ({ status }) => status?.phase === 'Pending');

/** Waits until the signal has come to its end. */
export const signalEnds = (scenario: Scenario, name: string): Promise<Signal> =>
  signalIs(scenario, name, 'has ended', ({ status }) => status?.phase !== undefined && status.phase !== 'Pending');

/** What the condition of a signal says. */
export function saidOf({ metadata, status }: Signal): { reason: string; message: string } {
  const condition = status?.conditions?.find(({ type }) => type === 'Succeeded');
  if (!condition) throw new Error(`signal ${metadata.name} has no condition Succeeded`);
  return condition;
}
