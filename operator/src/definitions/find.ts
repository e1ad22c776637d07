import { type ObjectMeta, objectKey, type TemplateBody, type WorkflowTemplate } from '../api/index.ts';
import type { FindTemplate, LibraryKind } from '../engine/index.ts';
import { type TemplateStores, versionsOf } from './references.ts';

/** Maximum of versions in a message. */
const SHOWN = 10;

/** Finds templates as a Workflow or template of this namespace sees them. */
export function findTemplates(stores: TemplateStores, namespace: string | undefined): FindTemplate {
  return (kind, name, version) => {
    const store = kind === 'WorkflowTemplate' ? stores.templates : stores.clusterTemplates;
    if (store === undefined) return { problem: NO_CLUSTER };
    const template = store.get(objectKey(kind === 'WorkflowTemplate' ? { namespace, name } : { name }));
    if (template)
      return version === undefined ? current(stores, kind, template) : ofVersion(stores, kind, template, version);
    const where = kind === 'WorkflowTemplate' ? `in the namespace ${namespace}` : 'in the cluster';
    return { problem: `there is no ${kind} "${name}" ${where}; create it, or correct the name` };
  };
}

const NO_CLUSTER =
  'this operator serves single namespaces and therefore no ClusterWorkflowTemplates; use a WorkflowTemplate in the namespace';

function current(
  stores: TemplateStores,
  kind: LibraryKind,
  { metadata, status }: WorkflowTemplate,
): TemplateBody | { problem: string } {
  const { name } = metadata;
  const { definition } = status ?? {};
  if (definition !== undefined) return bodyOf(stores, kind, metadata, definition.digest, `${kind} "${name}"`);
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const why = ready === undefined ? 'it is not validated yet' : ready.message;
  return { problem: `${kind} "${name}" has no valid version: ${why}` };
}

function ofVersion(
  stores: TemplateStores,
  kind: LibraryKind,
  { metadata, status }: WorkflowTemplate,
  version: string,
): TemplateBody | { problem: string } {
  const { name } = metadata;
  const versions = status?.versions ?? [];
  const known = versions.find((each) => each.version === version);
  if (known !== undefined) return bodyOf(stores, kind, metadata, known.digest, `${kind} "${name}" ${version}`);
  const others = versions.slice(0, SHOWN).map((each) => each.version);
  const has = others.length === 0 ? 'no valid version' : `the versions ${others.join(', ')}`;
  return { problem: `${kind} "${name}" has no version "${version}"; it has ${has}` };
}

function bodyOf(
  stores: TemplateStores,
  kind: LibraryKind,
  template: ObjectMeta,
  digest: string,
  what: string,
): TemplateBody | { problem: string } {
  const found = versionsOf(stores, kind, template).find((version) => version.digest === digest);
  return (
    found?.body ?? {
      problem: `the content of ${what} is no longer stored; apply that version again, or use another version`,
    }
  );
}

/** Finds templates for a new version of a template, which sees itself as that version, so that cycles are detected. */
export function withItself(
  find: FindTemplate,
  ownKind: LibraryKind,
  template: WorkflowTemplate,
  body: TemplateBody,
): FindTemplate {
  const { metadata, spec } = template;
  return (kind, name, version) => {
    const isItself = kind === ownKind && name === metadata.name;
    return isItself && (version === undefined || version === spec.version) ? body : find(kind, name, version);
  };
}
