import { GROUP, KINDS } from '../../src/api/index.ts';
import { NAMESPACED_ACCESS, OWN_NAMESPACE_ACCESS } from '../../src/controllers/index.ts';
import { crd } from './crd.ts';
import { clusterRole, ownNamespaceRole, serviceAccount } from './rbac.ts';
import { reference } from './reference.ts';
import { yamlFile } from './yaml.ts';

/** Folders in which every file with the header is ours, so that one of a kind that is gone is noticed. */
export const GENERATED_FOLDERS = ['crds', 'config/rbac'] as const;

/** Every generated file: its text, by its path from the root of the repository. */
export function generatedFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const kind of KINDS) files.set(`crds/${GROUP}_${kind.plural}.yaml`, yamlFile(crd(kind)));
  files.set('crds/kustomization.yaml', kustomization(KINDS.map(({ plural }) => `${GROUP}_${plural}.yaml`)));
  const roles = {
    'service-account.yaml': [serviceAccount()],
    'cluster-role.yaml': clusterRole(NAMESPACED_ACCESS),
    'role.yaml': ownNamespaceRole(OWN_NAMESPACE_ACCESS),
  };
  for (const [name, documents] of Object.entries(roles)) files.set(`config/rbac/${name}`, yamlFile(...documents));
  files.set('config/rbac/kustomization.yaml', kustomization(Object.keys(roles)));
  files.set('docs/api/reference.md', reference(KINDS));
  return files;
}

function kustomization(resources: readonly string[]): string {
  return yamlFile({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources });
}
