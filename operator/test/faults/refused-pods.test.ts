import { describe, expect, it } from 'vitest';
import {
  ANNOTATION_PROOF,
  API_VERSION,
  LABEL_RUN_UID,
  STATUS_BUDGET_BYTES,
  type Task,
  type TaskRow,
  type WorkflowRun,
  type WorkflowSpec,
} from '../../src/api/index.ts';
import type { Pod } from '../../src/pods/index.ts';
import { PODS } from '../../src/runtime/index.ts';
import { Case, type Fault, type Outcome, type Scenario } from '../support/case.ts';
import { useSimulatedStage } from '../support/case-stage.ts';
import { DIAMOND_END, diamond } from '../support/diamond.ts';
import type { Rule } from '../support/fault-proxy.ts';
import { answerWith, noting, tooLarge, when } from '../support/faults.ts';
import { expectSameEnd } from '../support/judge.ts';

const stage = useSimulatedStage('ado-faults');

const of =
  (spec: WorkflowSpec): Scenario =>
  (namespace) => ({
    workflow: {
      apiVersion: API_VERSION,
      kind: 'Workflow',
      metadata: { name: 'refused', namespace },
      spec: {
        triggers: { onChange: { of: ['Tasks'] } },
        ...spec,
        defaults: { image: 'busybox:1.36', ...spec.defaults },
      },
    },
  });

/** What Pod Security "restricted" asks of a container. */
const RESTRICTED = {
  runAsNonRoot: true,
  runAsUser: 65532,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

const lasting = (seconds: string) => ({ SIMULATE_SECONDS: seconds });

interface Doing {
  readonly name: string;
  readonly scenario: Scenario;
  readonly rules?: Fault['rules'];
  /** Before anything of the scenario is there. */
  readonly before?: (opened: Case) => Promise<void>;
  readonly during?: (opened: Case) => Promise<void>;
}

/** Runs a scenario to its end, whichever that is; nothing that may never be has been. */
async function endOf({
  name,
  scenario,
  rules = () => [],
  before,
  during,
}: Doing): Promise<Outcome & { run: WorkflowRun }> {
  return Case.run(stage(), { name, rules }, async (opened) => {
    await stage().slots.run(async () => {
      await opened.begin();
      await before?.(opened);
      await opened.give(scenario);
      await during?.(opened);
      await opened.settled();
    });
    const outcome = await opened.outcome(0);
    expect(outcome.problems).toEqual([]);
    const [run] = outcome.objects.runs;
    if (!run) throw new Error('there is no run');
    return { ...outcome, run };
  });
}

const rowOf = (run: WorkflowRun | undefined, path: string): TaskRow | undefined =>
  run?.status?.tasks?.find((row) => row.path === path);

/** Waits until people see that some task waits for this reason. */
const shows = (opened: Case, reason: string): Promise<TaskRow> =>
  opened.until(`a task shows ${reason}`, async () =>
    (await opened.objects()).runs[0]?.status?.tasks?.find((row) => row.reason === reason),
  );

describe("a stranger's pod that has the name of ours", () => {
  it.concurrent('is not adopted, not touched, and holds nothing up: the next attempt has another name', async () => {
    let stranger: Pod | undefined;
    const takesName: Rule = async ({ attempt, body, path }, forward) => {
      if (attempt !== 'a#0' || path.includes('dryRun') || stranger) return forward();
      const { metadata, ...pod } = JSON.parse(body.toString()) as Pod;
      const { name, namespace = '', labels = {}, annotations = {} } = metadata;
      // A stranger can guess the name, and never the proof.
      const { [ANNOTATION_PROOF]: _proof, ...guessed } = annotations;
      stranger = await stage().client.create<Pod>(PODS, {
        ...pod,
        metadata: { name, namespace, labels: { ...labels, [LABEL_RUN_UID]: 'of-nobody' }, annotations: guessed },
      });
      return forward();
    };
    const { run, end, creates, log } = await endOf({
      name: 'a stranger',
      scenario: of({ tasks: [{ name: 'a', run: 'true' }] }),
      rules: () => [takesName],
    });
    const { name = '', namespace = '', uid } = stranger?.metadata ?? {};
    expect(rowOf(run, 'a')).toMatchObject({ phase: 'Succeeded', attempt: 1 });
    expect(end.phase).toBe('Succeeded');
    expect(creates).toEqual({ 'a#1': 1 });
    expect(log.filter((request) => request.name === name && ['PATCH', 'DELETE'].includes(request.method))).toEqual([]);
    expect((await stage().client.get<Pod>(PODS, { name, namespace })).metadata.uid).toBe(uid);
  });
});

describe('a quota', () => {
  it.concurrent('is waited for, is shown as the reason, and is no failure', async () => {
    const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'one' }, spec: { hard: { pods: '1' } } };
    const { end, creates } = await endOf({
      name: 'a quota',
      scenario: of({
        tasks: [
          { name: 'one', env: lasting('15'), run: 'sleep 15' },
          { name: 'other', env: lasting('15'), run: 'sleep 15' },
        ],
      }),
      before: async ({ namespace }) => {
        await stage().kubectl.run(['create', '-n', namespace, '-f', '-'], quota);
        // Until its controller has looked at it a quota refuses nothing.
        const counted = ['--for', 'jsonpath={.status.used.pods}=0', '--timeout', '60s'];
        await stage().kubectl.run(['wait', '-n', namespace, 'resourcequota/one', ...counted]);
      },
      during: async (opened) => {
        // Both are created at the same time: either of them may be the one for which there is room.
        const row = await shows(opened, 'Quota');
        expect(row).toMatchObject({ phase: 'Pending', message: expect.stringContaining('exceeded quota: one') });
      },
    });
    expect(end.phase).toBe('Succeeded');
    expect(creates).toEqual({ 'one#0': 1, 'other#0': 1 });
  });
});

describe('an admission policy', () => {
  const policy = (name: string) => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
      validations: [
        {
          // The trial of a Workflow's pods is let through, so that it is the run that meets it.
          expression:
            "(request.dryRun && object.metadata.name != 'probe') || !has(object.metadata.annotations) || object.metadata.annotations['flow.ado.dev/task'] != 'b'",
          message: 'b is not wanted here',
        },
      ],
    },
  });
  const binding = (name: string) => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name },
    spec: { policyName: name, validationActions: ['Deny'] },
  });

  /** The policy is looked at some time after it was made. */
  async function denies(opened: Case): Promise<void> {
    const probe = {
      metadata: { name: 'probe', namespace: opened.namespace, annotations: { 'flow.ado.dev/task': 'b' } },
      spec: {
        containers: [{ name: 'main', image: 'busybox:1.36', securityContext: RESTRICTED }],
      },
    };
    await opened.until('the policy denies', () =>
      stage()
        .client.create(PODS, probe, { dryRun: true })
        .then(
          () => false,
          (error: unknown) => String(error).includes('b is not wanted here'),
        ),
    );
  }

  it.concurrent('that denies a pod fails its task in the words of the policy, and nothing else', async () => {
    let made = '';
    const { run, end, creates } = await endOf({
      name: 'a policy',
      scenario: of({ tasks: ['a', 'b', 'c'].map((name) => ({ name, env: lasting('0.1'), run: 'true' })) }),
      before: async (opened) => {
        const { namespace } = opened;
        made = namespace;
        for (const object of [policy(namespace), binding(namespace)]) {
          await stage().kubectl.run(['create', '-f', '-'], object);
        }
        await denies(opened);
      },
    }).finally(() => remove(made));
    expect(rowOf(run, 'b')).toMatchObject({ phase: 'Failed', reason: 'PodRejected' });
    expect(rowOf(run, 'b')?.message).toContain('b is not wanted here');
    expect(end.tasks).toMatchObject({ a: { phase: 'Succeeded' }, c: { phase: 'Succeeded' } });
    expect(creates).toEqual({ 'a#0': 1, 'c#0': 1 });
  });

  /** They are of the whole cluster, which other tests use too. */
  async function remove(name: string): Promise<void> {
    const kinds = ['validatingadmissionpolicybindings', 'validatingadmissionpolicies'];
    for (const kind of kinds) await stage().kubectl.run(['delete', kind, name, '--ignore-not-found']);
  }
});

describe('what is too large', () => {
  it.concurrent('for the server fails the task whose pod it is, with its words', async () => {
    const { run, creates } = await endOf({
      name: 'a pod too large',
      scenario: of({ tasks: ['a', 'b'].map((name) => ({ name, env: lasting('0.1'), run: 'true' })) }),
      rules: ({ met }) => [
        when(({ attempt, path }) => attempt === 'b#0' && !path.includes('dryRun'), noting(answerWith(tooLarge), met)),
      ],
    });
    expect(rowOf(run, 'b')).toMatchObject({ phase: 'Failed', reason: 'PodRejected' });
    expect(rowOf(run, 'b')?.message).toContain('Request entity too large');
    expect(creates).toEqual({ 'a#0': 1 });
  });

  it.concurrent('as a status is tried again, and goes through when the server takes it', async () => {
    const refused: Fault = {
      name: '413 for status',
      rules: ({ met }) => {
        let times = 0;
        const isRefused = ({ resource }: { resource: string }) => resource === 'workflowruns/status' && times++ < 4;
        return [when(isRefused, noting(answerWith(tooLarge), met))];
      },
    };
    await expectSameEnd(stage(), diamond, DIAMOND_END, [refused]);
  });

  const ITEMS = 90;
  /** A fan-out whose outputs are all kept, because a later task reads them. */
  const outputs = (text: string, reader?: Partial<Task>): Scenario =>
    of({
      parallelism: 30,
      tasks: [
        {
          name: 'fill',
          forEach: { items: Array.from({ length: ITEMS }, (_, index) => index) },
          env: { ...lasting('0.1'), SIMULATE_OUTPUTS: `text=${text}` },
          run: 'echo "$SIMULATE_OUTPUTS" > "$ADO_OUTPUTS"',
          outputs: [{ name: 'text' }],
        },
        {
          name: 'read',
          needs: ['fill'],
          ...(reader ?? {
            env: { ...lasting('0.1'), COUNT: '${{ size(tasks.fill.outputs) }}' },
            run: 'test "$COUNT" = 90',
          }),
        },
      ],
    });
  /** Its message is made again from the outputs for as long as it asks, so the state holds all of them itself. */
  const ASK = { approval: { message: '${{ size(tasks.fill.outputs) }} items?' } };
  const sizeOf = (run: WorkflowRun) => Buffer.byteLength(JSON.stringify(run));

  /** The largest version of the run that anybody saw. */
  async function largestOf(opened: Case): Promise<number> {
    let largest = 0;
    await opened.until('the run is over', async () => {
      const [run] = (await opened.objects()).runs;
      if (run) largest = Math.max(largest, sizeOf(run));
      return run?.status?.finishedAt !== undefined;
    });
    return largest;
  }

  it.concurrent('no run becomes, as long as its outputs fit', async () => {
    let largest = 0;
    const { end, creates } = await endOf({
      name: 'outputs that just fit',
      scenario: outputs('x'.repeat(690)),
      during: async (opened) => {
        largest = await largestOf(opened);
      },
    });
    expect(end.phase).toBe('Succeeded');
    expect(Object.keys(creates)).toHaveLength(ITEMS + 1);
    expect(largest).toBeGreaterThan(60_000);
    expect(largest).toBeLessThan(STATUS_BUDGET_BYTES);
  });

  it.concurrent('no run becomes when its outputs do not fit: it is stopped, and says why', async () => {
    let largest = 0;
    const { run, end } = await endOf({
      name: 'outputs that outgrow the status',
      scenario: outputs('"'.repeat(345), ASK),
      during: async (opened) => {
        largest = await largestOf(opened);
      },
    });
    expect(end.phase).not.toBe('Succeeded');
    expect(run.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'Succeeded', status: 'False', reason: 'StatusTooLarge' }),
    );
    expect(largest).toBeLessThan(STATUS_BUDGET_BYTES);
    expect(sizeOf(run)).toBeLessThan(64 * 1024);
  });
});
