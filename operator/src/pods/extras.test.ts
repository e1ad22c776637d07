import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type ArtifactPlan, type Task, task as taskSchema, type Workspace } from '../api/index.ts';
import { buildPod } from './build.ts';
import { graceOf, type Pod } from './pod.ts';
import { trimPod } from './trim.ts';
import { claimsOf, unknownWorkspace } from './workspaces.ts';

const RUN = { name: 'release-7', namespace: 'shop', uid: '6d1f7c52-0f6a-4f0e-9a53-0d0e6c5b7a11', workflow: 'release' };
const WORKSPACES: Workspace[] = [
  { name: 'source', size: '1Gi' },
  { name: 'cache', existingClaim: 'shared-cache', accessModes: ['ReadWriteMany'] },
];
const STORE = {
  address: 's3://shelf/ado?endpoint=https://s3.example.com',
  claim: undefined,
  secret: 'store',
  image: 'ado/operator:1',
  maxBytes: 1000,
};

function podOf(
  task: Partial<Task>,
  more: { path?: string; store?: Partial<typeof STORE> | { claim: string } } = {},
): Pod {
  const { path = 'build', store } = more;
  const whole = taskSchema.parse({ name: 'build', run: 'true', ...task });
  return buildPod({
    run: RUN,
    task: whole,
    defaults: undefined,
    path,
    attempt: 2,
    rendered: {
      backend: 'Pod',
      image: 'busybox:1.36',
      env: {},
      command: undefined,
      args: undefined,
      script: whole.run,
    },
    workspaces: WORKSPACES,
    artifacts: { store: { ...STORE, ...store }, policy: { keep: 'For', ms: 1000 } },
  });
}

const planOf = (pod: Pod): ArtifactPlan => {
  const [variable] = (pod.spec.initContainers?.[0]?.env ?? []) as { value: string }[];
  return JSON.parse(variable?.value ?? '');
};
const BOTH: Partial<Task> = {
  artifacts: {
    inputs: [{ name: 'source', from: 'checkout.tree', path: '/space/tree/' }],
    outputs: [{ name: 'binary' }, { name: 'report', path: 'out/report.xml', optional: true }],
  },
  workspaces: [
    { name: 'source', mountPath: '/space' },
    { name: 'cache', mountPath: '/cache', readOnly: true, subPath: 'go' },
  ],
};

describe('the pod of a task with artifacts and workspaces', () => {
  it('has two further containers, the volumes, and affinity to the pods that share them', async () => {
    const yaml = stringify(podOf(BOTH), { lineWidth: 0, aliasDuplicateObjects: false });
    await expect(yaml).toMatchFileSnapshot('../../test/golden/pods/artifacts.yaml');
  });

  it('passes sources and destinations of its artifacts to our containers', () => {
    expect(planOf(podOf(BOTH))).toMatchObject({
      runUid: RUN.uid,
      path: 'build',
      attempt: 2,
      pushMs: 300_000,
      inputs: [{ producer: 'checkout', artifact: 'tree', path: '/space/tree', optional: false }],
      outputs: [
        { name: 'binary', path: '/ado/artifacts/binary', optional: false },
        { name: 'report', path: '/ado/artifacts/out/report.xml', optional: true },
      ],
    });
  });

  it.each([
    ['build', 'checkout'],
    ['build[3]', 'checkout'],
    ['build/12', 'checkout'],
    ['ship/build', 'ship/checkout'],
    ['ship[2]/4/build[1]/7', 'ship[2]/4/checkout'],
  ])('resolves a producer in the same scope: for %s it is %s', (path, producer) => {
    expect(planOf(podOf(BOTH, { path })).inputs[0]?.producer).toBe(producer);
  });

  it('has a grace period for storing, without extending the one of its task', () => {
    const pod = podOf({ ...BOTH, terminationGracePeriodSeconds: 5 });
    expect(pod.spec.terminationGracePeriodSeconds).toBe(300);
    expect(graceOf(trimPod(pod))).toBe(5);
    const artifacts = { outputs: [{ name: 'x' }], pushTimeout: '12h' };
    expect(podOf({ artifacts }).spec.terminationGracePeriodSeconds).toBe(3600);
    expect(graceOf(podOf({ artifacts: { inputs: [{ name: 'x', from: 'a.b' }] } }))).toBeUndefined();
  });

  it('mounts the volume of a volume store, and no Secret', () => {
    const { volumes } = podOf({ artifacts: BOTH.artifacts }, { store: { claim: 'artifacts' } }).spec;
    expect(volumes).toContainEqual({ name: 'ado-store', persistentVolumeClaim: { claimName: 'artifacts' } });
    expect(JSON.stringify(volumes)).not.toContain('secret');
  });

  it('does not change for a task without artifacts and workspaces', () => {
    expect(podOf({}).spec.initContainers).toBeUndefined();
    expect(podOf({}).spec.containers).toHaveLength(1);
    expect(podOf({}).spec.volumes).toEqual([{ name: 'ado-tmp', emptyDir: {} }]);
  });

  it('keeps the affinity of the task', () => {
    const own = { topologyKey: 'zone', labelSelector: {} };
    const podAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [own] };
    const pod = podOf({ ...BOTH, affinity: { nodeAffinity: {}, podAffinity } });
    const affinity = pod.spec.affinity as { podAffinity: typeof podAffinity };
    expect(affinity).toMatchObject({ nodeAffinity: {} });
    const terms = affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution;
    expect(terms[0]).toBe(own);
    expect(terms).toHaveLength(2);
  });
});

describe('the claims of workspaces', () => {
  const input = { run: RUN, task: taskSchema.parse({ name: 'build', run: 'x', ...BOTH }), workspaces: WORKSPACES };

  it('exclude existing claims, and are separate for each run', () => {
    const [claim, ...others] = claimsOf(input);
    expect(others).toEqual([]);
    expect(claim?.name).toMatch(/^release-7-source-[0-9a-f]{8}$/);
    expect(claimsOf({ ...input, run: { ...RUN, uid: 'other' } })[0]?.name).not.toBe(claim?.name);
  });

  it('lack a workspace without a declaration', () => {
    expect(unknownWorkspace(input.task, WORKSPACES)).toBeUndefined();
    expect(unknownWorkspace(input.task, [])).toBe('source');
  });
});

describe('the visibility of failure messages', () => {
  it('is an annotation if the task or its defaults set it, and derives from the pod otherwise', () => {
    const annotationsOf = (task: Partial<Task>) => podOf(task).metadata.annotations ?? {};
    expect(annotationsOf({ failureMessage: 'Show' })).toMatchObject({ 'flow.ado.dev/failure-message': 'Show' });
    expect(annotationsOf({ envFrom: [{ secretRef: { name: 's' } }] })).toEqual({ 'flow.ado.dev/task': 'build' });
  });

  it('is kept when the spec is dropped', () => {
    const trimmed = (task: Partial<Task>) =>
      trimPod(podOf(task)).metadata.annotations?.['flow.ado.dev/failure-message'];
    expect(trimmed({ envFrom: [{ secretRef: { name: 's' } }] })).toBe('Withhold');
    expect(trimmed({ envFrom: [{ secretRef: { name: 's' } }], failureMessage: 'Show' })).toBeUndefined();
    expect(trimmed({})).toBeUndefined();
    expect(trimmed(BOTH), 'the Secret of the store is mounted beside the task').toBeUndefined();
  });
});
