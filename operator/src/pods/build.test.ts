import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type Task, type TaskDefaults, task as taskSchema } from '../api/index.ts';
import { buildPod } from './build.ts';
import type { Pod } from './pod.ts';

const RUN = { name: 'release-7', namespace: 'shop', uid: '6d1f7c52-0f6a-4f0e-9a53-0d0e6c5b7a11', workflow: 'release' };

/** Builds the pod of a task like the engine, without rendering any expressions. */
function podOf(task: Partial<Task>, defaults?: TaskDefaults, at = { path: 'build', attempt: 0 }): Pod {
  const whole = taskSchema.parse({ name: 'build', ...(task.container ? {} : { run: 'true' }), ...task });
  const rendered = {
    backend: 'Pod' as const,
    image: whole.container?.image ?? whole.image ?? defaults?.image ?? 'busybox:1.36',
    env: { ...defaults?.env, ...whole.env },
    command: whole.container?.command,
    args: whole.container?.args,
    script: whole.run,
  };
  return buildPod({ run: RUN, task: whole, defaults, ...at, rendered });
}

const container = (pod: Pod) => pod.spec.containers[0] as Record<string, unknown>;
const golden = (name: string) => `../../test/golden/pods/${name}.yaml`;
const yaml = (pod: Pod) => stringify(pod, { lineWidth: 0, aliasDuplicateObjects: false });

const EVERYTHING: Partial<Task> = {
  image: 'registry.example/tools:2',
  podMetadata: { labels: { team: 'build' }, annotations: { 'sidecar.istio.io/inject': 'false' } },
  imagePullPolicy: 'Always',
  shell: ['bash', '-ec'],
  env: { SUITE: 'unit', LEVEL: 'task' },
  envValueFrom: { TOKEN: { secretKeyRef: { name: 'api', key: 'token' } } },
  envFrom: [{ prefix: 'CFG_', configMapRef: { name: 'settings' } }],
  resources: { limits: { memory: '256Mi' } },
  securityContext: { runAsUser: 1000, capabilities: { add: ['NET_BIND_SERVICE'] } },
  serviceAccountName: 'builder',
  automountServiceAccountToken: true,
  imagePullSecrets: [{ name: 'registry' }],
  nodeSelector: { disk: 'ssd' },
  runtimeClassName: 'gvisor',
  priorityClassName: 'batch',
  terminationGracePeriodSeconds: 5,
  affinity: { nodeAffinity: {} },
  tolerations: [{ key: 'batch', operator: 'Exists' }],
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: { 'flow.ado.dev/workflow': 'release' } },
    },
  ],
  volumes: [{ name: 'cache', emptyDir: {} }],
  volumeMounts: [{ name: 'cache', mountPath: '/cache' }],
};

const DEFAULTS: TaskDefaults = {
  podMetadata: { labels: { team: 'replaced', tier: 'batch' } },
  env: { LEVEL: 'defaults', REGION: 'eu' },
  nodeSelector: { arch: 'amd64', disk: 'any' },
  resources: { limits: { cpu: '1', memory: '64Mi' }, requests: { cpu: '100m' } },
  tolerations: [{ key: 'replaced' }],
  volumes: [
    { name: 'cache', hostPath: { path: '/replaced' } },
    { name: 'certificates', configMap: { name: 'ca' } },
  ],
  volumeMounts: [{ name: 'certificates', mountPath: '/certificates' }],
};

describe('the pod of an attempt', () => {
  it('of a plain script has one restricted container and nothing injected', async () => {
    await expect(yaml(podOf({ run: 'echo digest=abc > $ADO_OUTPUTS' }))).toMatchFileSnapshot(golden('script'));
  });

  it('of a container keeps its command and arguments', async () => {
    const pod = podOf({ container: { image: 'tools:1', command: ['tool'], args: ['--all', '$(SUITE)'] } });
    await expect(yaml(pod)).toMatchFileSnapshot(golden('container'));
  });

  it('has every field of the pod surface, the task over the defaults', async () => {
    const pod = podOf({ ...EVERYTHING, run: 'make test' }, DEFAULTS, { path: 'build[12]', attempt: 3 });
    await expect(yaml(pod)).toMatchFileSnapshot(golden('everything'));
  });

  it('is the same, byte for byte, for the same input', () => {
    expect(JSON.stringify(podOf(EVERYTHING, DEFAULTS))).toBe(JSON.stringify(podOf(EVERYTHING, DEFAULTS)));
  });
});

describe('the script of a task', () => {
  it('runs in the shell of the defaults if the task has none', () => {
    expect(container(podOf({ run: 'x' }, { shell: ['python3', '-c'] })).command).toEqual(['python3', '-c', 'x']);
  });

  it.each([
    ['a command substitution', 'x=$(date)', 'x=$$(date)'],
    ['the process id', 'echo $$', 'echo $$$'],
    ['a doubled dollar before a parenthesis', '$$(x)', '$$$$(x)'],
    ['a plain variable', 'echo "$SUITE" ${SUITE} $', 'echo "$SUITE" ${SUITE} $'],
  ])('protects %s from expansion by the kubelet', (_what, script, escaped) => {
    const command = container(podOf({ run: script })).command as string[];
    expect(command[2]).toBe(escaped);
    expect(expandByKubelet(escaped, { date: 'injected', x: 'injected' })).toBe(script);
  });
});

/** The kubelet's expansion of commands, arguments and variables, as Kubernetes documents it. */
function expandByKubelet(text: string, env: Record<string, string>): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (whole, next: string, name: string) => {
    return next === '$' ? '$' : (env[name] ?? whole);
  });
}

describe('the environment of a task', () => {
  const entry = (pod: Pod, name: string) =>
    (container(pod).env as { name: string }[]).filter((variable) => variable.name === name);
  const reference = { secretKeyRef: { name: 's', key: 'k' } };

  it('takes a variable from the reference of the task before a text of the defaults', () => {
    const pod = podOf({ envValueFrom: { A: reference } }, { env: { A: 'text' } });
    expect(entry(pod, 'A')).toEqual([{ name: 'A', valueFrom: reference }]);
  });

  it('takes a variable from a text of the task before a Secret of the defaults', () => {
    const pod = podOf({ env: { A: 'text' } }, { envValueFrom: { A: reference } });
    expect(entry(pod, 'A')).toEqual([{ name: 'A', value: 'text' }]);
  });

  it('names the file for outputs, whatever the task sets', () => {
    const pod = podOf({ env: { ADO_OUTPUTS: '/elsewhere' }, envValueFrom: { ADO_TASK: reference } });
    expect(entry(pod, 'ADO_OUTPUTS')).toEqual([{ name: 'ADO_OUTPUTS', value: '/ado/outputs' }]);
    expect(entry(pod, 'ADO_TASK')).toEqual([{ name: 'ADO_TASK', value: 'build' }]);
  });
});

describe('the security context', () => {
  it('still drops all capabilities when one is added', () => {
    const pod = podOf({ securityContext: { capabilities: { add: ['NET_BIND_SERVICE'] } } });
    expect(container(pod).securityContext).toMatchObject({
      capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
    });
  });

  it('allows root for runAsUser 0, and leaves the decision to the namespace', () => {
    const pod = podOf({ securityContext: { runAsUser: 0 } });
    expect(pod.spec.securityContext).toMatchObject({ runAsUser: 0, runAsNonRoot: false });
  });

  it('allows privilege escalation for a privileged container', () => {
    const pod = podOf({ securityContext: { privileged: true } });
    expect(container(pod).securityContext).toMatchObject({ privileged: true, allowPrivilegeEscalation: true });
  });
});

describe('/tmp', () => {
  it.each(['/tmp', '/tmp/'])('is the volume of the task if it mounts one at %s', (mountPath) => {
    const own = { name: 'scratch', mountPath };
    const pod = podOf({ volumes: [{ name: 'scratch', emptyDir: {} }], volumeMounts: [own] });
    expect(container(pod).volumeMounts).toEqual([own]);
    expect(pod.spec.volumes).toEqual([{ name: 'scratch', emptyDir: {} }]);
  });

  it('avoids nodes on which attempts failed, if there are others', () => {
    const rendered = { backend: 'Pod' as const, image: 'i', env: {}, command: undefined, args: undefined, script: 'x' };
    const spread = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } };
    const task = { name: 'a', run: 'x', affinity: spread };
    const input = { run: RUN, task, defaults: undefined, path: 'a', attempt: 1 };
    const pod = buildPod({ ...input, rendered: { ...rendered, avoidNodes: ['n1', 'n2'] } });
    const preference = {
      matchFields: ['n1', 'n2'].map((node) => ({ key: 'metadata.name', operator: 'NotIn', values: [node] })),
    };
    expect(pod.spec.affinity).toEqual({
      nodeAffinity: {
        ...spread.nodeAffinity,
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference }],
      },
    });
  });

  it('leaves reading the Secret of a parameter to the kubelet', () => {
    const secretEnv = { TOKEN: { name: 'db', key: 'password' } };
    const rendered = { backend: 'Pod' as const, image: 'i', env: {}, command: undefined, args: undefined, script: 'x' };
    const input = { run: RUN, task: { name: 'a', run: 'x' }, defaults: undefined, path: 'a', attempt: 0 };
    const { env } = container(buildPod({ ...input, rendered: { ...rendered, secretEnv } }));
    expect(env).toContainEqual({ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } });
  });
});
