import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ownerOfKey, type Task, type TaskDefaults, task as taskSchema } from '../api/index.ts';
import { buildPod } from './build.ts';

const RUN = { name: 'release-7', namespace: 'shop', uid: '6d1f7c52-0f6a-4f0e-9a53-0d0e6c5b7a11', workflow: 'release' };
const STORE = { address: 's3://shelf', claim: undefined, secret: 'store', image: 'ado/operator:1', maxBytes: 1000 };

function metadataOf(task: Partial<Task>, defaults?: TaskDefaults) {
  const whole = taskSchema.parse({ name: 'build', run: 'true', ...task });
  const rendered = {
    backend: 'Pod' as const,
    image: 'i',
    env: {},
    command: undefined,
    args: undefined,
    script: 'true',
  };
  const artifacts = { store: STORE, policy: { keep: 'For', ms: 1000 } as const };
  const workspaces = [{ name: 'source', size: '1Gi' }];
  const input = { run: RUN, task: whole, defaults, path: 'build', attempt: 0, rendered, workspaces, artifacts };
  return buildPod({ ...input, proof: 'proven' }).metadata;
}

/** A task whose pod has every label and annotation of Ado. */
const MARKED: Partial<Task> = {
  failureMessage: 'Withhold',
  artifacts: { outputs: [{ name: 'binary' }] },
  workspaces: [{ name: 'source', mountPath: '/space' }],
};

describe('labels and annotations that a task sets', () => {
  it('merge by key, with the task before the defaults', () => {
    const { labels, annotations } = metadataOf(
      { podMetadata: { labels: { team: 'task' }, annotations: { 'sidecar.istio.io/inject': 'false' } } },
      { podMetadata: { labels: { team: 'defaults', cost: '7' }, annotations: { note: 'x' } } },
    );
    expect(labels).toMatchObject({ team: 'task', cost: '7' });
    expect(annotations).toMatchObject({ 'sidecar.istio.io/inject': 'false', note: 'x' });
    expect(metadataOf({}, { podMetadata: { labels: { cost: '7' } } }).labels).toMatchObject({ cost: '7' });
  });

  it('cannot be marks of Ado: each of its keys is refused, and would be overwritten', () => {
    const { labels = {}, annotations = {} } = metadataOf(MARKED);
    const keys = { labels: Object.keys(labels), annotations: Object.keys(annotations) };
    expect(keys.labels.length + keys.annotations.length).toBeGreaterThan(8);
    const forged = (field: 'labels' | 'annotations') => Object.fromEntries(keys[field].map((key) => [key, 'forged']));
    const podMetadata = { labels: forged('labels'), annotations: forged('annotations') };
    expect(metadataOf({ ...MARKED, podMetadata })).toMatchObject({ labels, annotations });
    expect([...keys.labels, ...keys.annotations].filter((key) => ownerOfKey(key) !== 'Ado')).toEqual([]);
  });

  it.each([
    ['kubernetes.io/config.mirror', 'Kubernetes'],
    ['k8s.io/x', 'Kubernetes'],
    ['flow.ado.dev/', 'Ado'],
    ['any.flow.ado.dev/x', 'Ado'],
    ['app.kubernetes.io/managed-by', 'Ado'],
    ['app.kubernetes.io/name', undefined],
    ['cluster-autoscaler.kubernetes.io/safe-to-evict', undefined],
    ['sidecar.istio.io/inject', undefined],
    ['notflow.ado.dev/x', undefined],
    ['flow.ado.dev', undefined],
    ['constructor', undefined],
    ['constructor/x', undefined],
    ['', undefined],
  ])('with the key %j belong to %s', (key, owner) => {
    expect(ownerOfKey(key)).toBe(owner);
  });

  it('may have any other keys, and stay unchanged', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ maxLength: 63 }), (key, value) => {
        fc.pre(ownerOfKey(key) === undefined && key !== '__proto__');
        expect(metadataOf({ podMetadata: { labels: { [key]: value } } }).labels?.[key]).toBe(value);
      }),
    );
  });
});
