/** Somebody with few rights who wants more: kubectl as a user whose every right a test names. */
import {
  ANNOTATION_TASK,
  API_VERSION,
  LABEL_ATTEMPT,
  LABEL_MANAGED_BY,
  LABEL_RUN,
  LABEL_RUN_UID,
  MANAGED_BY,
  type ObjectMeta,
  type WorkflowRun,
} from '../../src/api/index.ts';
import { IMAGE, type Manifest } from './manifests.ts';
import type { Scenario } from './scenario.ts';

export interface Right {
  readonly group?: string;
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

export class Attacker {
  readonly #scenario: Scenario;
  readonly #name: string;

  private constructor(scenario: Scenario, name: string) {
    this.#scenario = scenario;
    this.#name = name;
  }

  /** A user who has these rights in the namespace of the scenario, and no others. */
  static async with(scenario: Scenario, ...rights: readonly Right[]): Promise<Attacker> {
    const name = 'mallory';
    const rules = rights.map(({ group = '', ...rule }) => ({ apiGroups: [group], ...rule }));
    const kind = 'rbac.authorization.k8s.io';
    await scenario.given(
      { apiVersion: `${kind}/v1`, kind: 'Role', metadata: { name }, rules },
      {
        ...{ apiVersion: `${kind}/v1`, kind: 'RoleBinding', metadata: { name } },
        roleRef: { apiGroup: kind, kind: 'Role', name },
        subjects: [{ apiGroup: kind, kind: 'User', name }],
      },
    );
    return new Attacker(scenario, name);
  }

  kubectl(args: readonly string[], input?: unknown): Promise<string> {
    return this.#scenario.kubectl(['--as', this.#name, ...args], input);
  }

  create(object: Manifest): Promise<string> {
    return this.kubectl(['create', '-f', '-'], object);
  }

  /** What was complained of. @throws Error when nothing was */
  refused(args: readonly string[], input?: unknown): Promise<string> {
    return this.#scenario.refused(['--as', this.#name, ...args], input);
  }
}

/** Every mark by which an attempt of a run is found, as anybody can write them. */
export function marksOf(run: WorkflowRun, path: string, attempt = 0): Omit<ObjectMeta, 'name'> {
  const { name, uid = '' } = run.metadata;
  return {
    labels: {
      [LABEL_MANAGED_BY]: MANAGED_BY,
      [LABEL_RUN]: name,
      [LABEL_RUN_UID]: uid,
      [LABEL_ATTEMPT]: String(attempt),
    },
    annotations: { [ANNOTATION_TASK]: path },
    ownerReferences: [{ apiVersion: API_VERSION, kind: 'WorkflowRun', name, uid, controller: true }],
  };
}

/** A pod that says in its termination message whatever whoever makes it wants. */
export function podSaying(text: string, metadata: ObjectMeta, thenSleeps = 0): Manifest {
  const securityContext = {
    ...{ runAsNonRoot: true, runAsUser: 65532, allowPrivilegeEscalation: false },
    ...{ capabilities: { drop: ['ALL'] }, seccompProfile: { type: 'RuntimeDefault' } },
  };
  const command = ['sh', '-c', 'printf %s "$0" > /dev/termination-log; sleep "$1"', text, String(thenSleeps)];
  const containers = [{ name: 'main', image: IMAGE, command, securityContext }];
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { restartPolicy: 'Never', containers } };
}

/** Waits until people are told of a stranger's object. */
export async function isToldOf(scenario: Scenario, name: string): Promise<void> {
  await scenario.until(`an Event names the stranger ${name}`, async () => {
    const events = await scenario.kubectl([
      'get',
      'events',
      '-o',
      'jsonpath={range .items[*]}{.reason} {.message}{"\\n"}{end}',
    ]);
    return events.split('\n').some((line) => line.startsWith('StrangerIgnored') && line.includes(name));
  });
}
