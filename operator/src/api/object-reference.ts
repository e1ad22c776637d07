import { OBJECT_NAME_PATTERN } from './scalars.ts';

/** The parts by which an object of any kind is addressed. */
export type ReferencePart = 'apiVersion' | 'kind' | 'metadata.name' | 'metadata.namespace' | 'serviceAccountName';

interface Form {
  readonly pattern: RegExp;
  readonly max: number;
  readonly remedy: string;
}

const FORMS: Readonly<Record<ReferencePart, Form>> = {
  apiVersion: {
    pattern: /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[a-z]([-a-z0-9]*[a-z0-9])?$/,
    max: 253,
    remedy: 'write it as in `kubectl explain`, such as apps/v1',
  },
  kind: {
    pattern: /^[A-Za-z]([-A-Za-z0-9]*[A-Za-z0-9])?$/,
    max: 63,
    remedy: 'write it as in `kubectl explain`, such as Deployment',
  },
  // What Kubernetes allows most kinds, and the colons and @ of RBAC.
  'metadata.name': {
    pattern: /^[A-Za-z0-9]([-A-Za-z0-9._:@]*[A-Za-z0-9])?$/,
    max: 253,
    remedy: 'use letters and digits, with any of - . _ : @ in between; ${{ run.name }} names it after the run',
  },
  'metadata.namespace': {
    pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
    max: 63,
    remedy: 'leave it out: the namespace is that of the run',
  },
  serviceAccountName: {
    pattern: new RegExp(OBJECT_NAME_PATTERN),
    max: 253,
    remedy: 'name a service account of the namespace',
  },
};

/** What to do about a part that addresses nothing: it is missing, or has characters that no name has; else undefined. */
export function referenceRemedy(part: ReferencePart, value: unknown): string | undefined {
  const { pattern, max, remedy } = FORMS[part];
  return typeof value === 'string' && value.length <= max && pattern.test(value) ? undefined : remedy;
}

/** Whether a namespace is one of Kubernetes itself: its accounts may do anything, and its objects are the cluster's. */
export function isSystemNamespace(name: string): boolean {
  return name.startsWith('kube-');
}
