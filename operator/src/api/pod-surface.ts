import { z } from 'zod';
import { GROUP } from './group.ts';
import { LABEL_MANAGED_BY, RESOURCE_LABEL_PREFIX, WORKSPACE_LABEL_PREFIX } from './labels.ts';
import { objectName, passedOn } from './scalars.ts';

const keyRef = (what: string) =>
  z.object({
    name: objectName.describe(`Name of the ${what} in the namespace of the workflow.`),
    key: z.string().min(1).max(253).describe('Key in it.'),
    optional: z.boolean().optional().describe('Whether it may be missing.'),
  });

const envSource = z.object({
  secretKeyRef: keyRef('Secret')
    .optional()
    .describe('A key of a Secret. Only the kubelet reads it, never the operator.'),
  configMapKeyRef: keyRef('ConfigMap').optional().describe('A key of a ConfigMap.'),
  fieldRef: z
    .object({ fieldPath: z.string().min(1).max(253).describe('Path of the field, such as metadata.name.') })
    .optional()
    .describe('A field of the pod.'),
  resourceFieldRef: z
    .object({
      resource: z.string().min(1).max(253).describe('The resource, such as limits.cpu.'),
      divisor: z.string().max(32).optional().describe('Unit of the value, such as 1Mi.'),
    })
    .optional()
    .describe('A resource limit or request of the container.'),
});

const envFromSource = z.object({
  prefix: z.string().max(253).optional().describe('Prefix for every name.'),
  secretRef: z
    .object({
      name: objectName.describe('Name of the Secret.'),
      optional: z.boolean().optional().describe('Whether it may be missing.'),
    })
    .optional()
    .describe('All keys of a Secret.'),
  configMapRef: z
    .object({
      name: objectName.describe('Name of the ConfigMap.'),
      optional: z.boolean().optional().describe('Whether it may be missing.'),
    })
    .optional()
    .describe('All keys of a ConfigMap.'),
});

const quantities = z.record(z.string().max(253), z.string().max(64)).meta({ maxProperties: 32 });

const capabilities = z.object({
  add: z.array(z.string().max(64)).max(64).optional().describe('Capabilities to add.'),
  drop: z.array(z.string().max(64)).max(64).optional().describe('Capabilities to drop; default: ALL.'),
});

const securityContext = z.object({
  runAsUser: z.int().min(0).optional().describe('User of the processes; default 65532.'),
  runAsGroup: z.int().min(0).optional().describe('Group of the processes; default 65532.'),
  runAsNonRoot: z.boolean().optional().describe('Refuse to start as root; default true, unless runAsUser is 0.'),
  fsGroup: z.int().min(0).optional().describe('Group that owns the volumes; default 65532.'),
  supplementalGroups: z.array(z.int().min(0)).max(64).optional().describe('Further groups of the processes.'),
  privileged: z.boolean().optional().describe('Run privileged; refused by Pod Security "restricted".'),
  allowPrivilegeEscalation: z.boolean().optional().describe('Default false.'),
  readOnlyRootFilesystem: z.boolean().optional().describe('Default true; /tmp is writable.'),
  capabilities: capabilities.optional().describe('Linux capabilities; default: none.'),
  seccompProfile: z
    .object({
      type: z.enum(['RuntimeDefault', 'Localhost', 'Unconfined']).describe('Kind of the profile.'),
      localhostProfile: z.string().max(253).optional().describe('File of a Localhost profile.'),
    })
    .optional()
    .describe('Default RuntimeDefault.'),
});

/** Prefixes of keys of labels and annotations that no task sets, with whose they are. */
const RESERVED_PREFIXES: Readonly<Record<string, string>> = {
  [GROUP]: 'Ado',
  [WORKSPACE_LABEL_PREFIX]: 'Ado',
  [RESOURCE_LABEL_PREFIX]: 'Ado',
  'kubernetes.io': 'Kubernetes',
  'k8s.io': 'Kubernetes',
};

/** Whose the key of a label or annotation is, if no task may set it. */
export function ownerOfKey(key: string): string | undefined {
  if (key === LABEL_MANAGED_BY) return 'Ado';
  const slash = key.indexOf('/');
  const prefix = key.slice(0, Math.max(0, slash));
  if (prefix.endsWith(`.${GROUP}`)) return 'Ado';
  return Object.hasOwn(RESERVED_PREFIXES, prefix) ? RESERVED_PREFIXES[prefix] : undefined;
}

/** The same as a rule. Nothing that costs more for a longer key: no schema bounds the keys of a map. */
const NO_RESERVED_KEY = {
  rule: `self.all(key, key != '${LABEL_MANAGED_BY}' && ${Object.keys(RESERVED_PREFIXES)
    .map((prefix) => `!key.startsWith('${prefix}/')`)
    .join(' && ')})`,
  message: `keys that begin with ${Object.keys(RESERVED_PREFIXES)
    .map((prefix) => `${prefix}/`)
    .join(', ')} and ${LABEL_MANAGED_BY} belong to Ado and Kubernetes; use a key of your own domain`,
};

const podMetadata = z.object({
  annotations: z
    .record(z.string().max(317), z.string().max(4096))
    .meta({ maxProperties: 32, 'x-kubernetes-validations': [NO_RESERVED_KEY] })
    .optional()
    .describe('Annotations, such as {sidecar.istio.io/inject: "false"}.'),
  labels: z
    .record(z.string().max(317), z.string().max(63))
    .meta({ maxProperties: 32, 'x-kubernetes-validations': [NO_RESERVED_KEY] })
    .optional()
    .describe('Labels. Services and network policies of the namespace may select the pod by them.'),
});

/** What a task may say of its pod, on the task itself and, for all tasks, under `defaults`. */
export const podSurface = {
  image: z.string().min(1).max(1024).optional().describe('Image of the container. May contain ${{ }}.'),
  podMetadata: podMetadata
    .optional()
    .describe(
      'Annotations and labels of the pod, besides those that Ado sets; the task overrides defaults key by key.',
    ),
  imagePullPolicy: z
    .enum(['Always', 'IfNotPresent', 'Never'])
    .optional()
    .describe('When to pull the image; default IfNotPresent.'),
  env: z
    .record(z.string().max(256), z.string().max(16_384))
    .meta({ maxProperties: 100 })
    .optional()
    .describe('Environment variables by name. Values may contain ${{ }}: the safe way to pass values to a script.'),
  envValueFrom: z
    .record(z.string().max(256), envSource)
    .meta({ maxProperties: 100 })
    .optional()
    .describe('Environment variables taken from a Secret, a ConfigMap or the pod, by name.'),
  envFrom: z
    .array(envFromSource)
    .max(32)
    .optional()
    .describe('Environment variables from all keys of a Secret or ConfigMap.'),
  resources: z
    .object({
      limits: quantities.optional().describe('Upper bounds, such as {memory: 128Mi}.'),
      requests: quantities.optional().describe('What the scheduler reserves.'),
    })
    .optional()
    .describe('Compute resources of the container.'),
  securityContext: securityContext
    .optional()
    .describe('Security settings; they override the "restricted" ones field by field.'),
  serviceAccountName: objectName
    .optional()
    .describe('Service account of the pod. Anyone who may run the workflow uses it.'),
  automountServiceAccountToken: z
    .boolean()
    .optional()
    .describe('Whether the pod gets a token of its service account; default false.'),
  imagePullSecrets: z
    .array(z.object({ name: objectName.describe('Name of the Secret.') }))
    .max(16)
    .optional()
    .describe('Secrets for pulling the image.'),
  nodeSelector: z
    .record(z.string().max(317), z.string().max(63))
    .meta({ maxProperties: 64 })
    .optional()
    .describe('Labels that the node must have.'),
  runtimeClassName: objectName.optional().describe('RuntimeClass of the pod.'),
  priorityClassName: objectName.optional().describe('PriorityClass of the pod.'),
  terminationGracePeriodSeconds: z
    .int()
    .min(0)
    .max(3600)
    .optional()
    .describe('Seconds between SIGTERM and SIGKILL; default 30.'),
  affinity: passedOn.optional().describe('As in a pod; validated by the API server.'),
  tolerations: z.array(passedOn).max(64).optional().describe('As in a pod; validated by the API server.'),
  topologySpreadConstraints: z.array(passedOn).max(16).optional().describe('As in a pod; validated by the API server.'),
  volumes: z.array(passedOn).max(64).optional().describe('As in a pod; validated by the API server.'),
  volumeMounts: z.array(passedOn).max(64).optional().describe('As in a container; validated by the API server.'),
};

const podSurfaceObject = z.object(podSurface);
export type PodSurface = z.infer<typeof podSurfaceObject>;
export type PodMetadata = z.infer<typeof podMetadata>;
export type EnvSource = z.infer<typeof envSource>;
export type SecurityContext = z.infer<typeof securityContext>;
