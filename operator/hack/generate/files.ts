import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GROUP, KINDS } from '../../src/api/index.ts';
import {
  CLUSTER_ACCESS,
  NAMESPACED_ACCESS,
  OWN_NAMESPACE_ACCESS,
  RESOURCE_TASK_ACCESS,
  WEBHOOK_ACCESS,
} from '../../src/controllers/index.ts';
import { admissionComponent, IN_CLUSTER, policies, service, webhooks } from './admission.ts';
import { crd } from './crd.ts';
import { clusterRole, grantedRole, ownNamespaceRole, servedNamespaceRole, serviceAccount } from './rbac.ts';
import { reference } from './reference.ts';
import { withRooms } from './rooms.ts';
import { yamlFile } from './yaml.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** Folders in which every file with the header is ours, so that one of a kind that is gone is noticed. */
export const GENERATED_FOLDERS = [
  'crds',
  'config/admission',
  'config/rbac',
  'config/rbac/own',
  'config/rbac/resource-tasks',
  'config/rbac/served',
  'config/rbac/webhooks',
] as const;

/** Rights of every install; of one for the whole cluster; of one for some namespaces, in each; and what a namespace grants. */
const ROLES = {
  'own/service-account.yaml': [serviceAccount()],
  'own/role.yaml': ownNamespaceRole(OWN_NAMESPACE_ACCESS),
  'cluster-role.yaml': clusterRole([...NAMESPACED_ACCESS, ...CLUSTER_ACCESS]),
  'served/role.yaml': servedNamespaceRole(NAMESPACED_ACCESS),
  'resource-tasks/role.yaml': grantedRole('resource-tasks', RESOURCE_TASK_ACCESS),
  'webhooks/role.yaml': grantedRole('webhooks', WEBHOOK_ACCESS),
};

/** The admission webhook of an install of the whole cluster, and what the API server judges by itself. */
const ADMISSION = {
  'service.yaml': [service()],
  'webhooks.yaml': webhooks(IN_CLUSTER),
  'policies.yaml': policies(IN_CLUSTER),
};

/** Every generated file: its text, by its path from the root of the repository. */
export function generatedFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const kind of KINDS) files.set(`crds/${GROUP}_${kind.plural}.yaml`, yamlFile(crd(kind)));
  files.set('crds/kustomization.yaml', kustomization(KINDS.map(({ plural }) => `${GROUP}_${plural}.yaml`)));
  for (const [path, documents] of Object.entries(ROLES)) files.set(`config/rbac/${path}`, yamlFile(...documents));
  files.set('config/rbac/kustomization.yaml', kustomization(['own', 'cluster-role.yaml']));
  files.set('config/rbac/own/kustomization.yaml', kustomization(['service-account.yaml', 'role.yaml']));
  files.set('config/rbac/served/kustomization.yaml', kustomization(['role.yaml']));
  for (const [path, documents] of Object.entries(ADMISSION))
    files.set(`config/admission/${path}`, yamlFile(...documents));
  files.set('config/admission/kustomization.yaml', yamlFile(admissionComponent(Object.keys(ADMISSION))));
  files.set('docs/api/reference.md', reference(KINDS));
  files.set('docs/architecture.md', withRooms(readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8')));
  return files;
}

function kustomization(resources: readonly string[]): string {
  return yamlFile({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources });
}
