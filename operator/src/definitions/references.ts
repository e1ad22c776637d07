import {
  type Definition,
  type ObjectMeta,
  objectKey,
  type TemplateBody,
  type Workflow,
  type WorkflowTemplate,
} from '../api/index.ts';
import { type LibraryKind, templateReferences } from '../engine/index.ts';
import type { Store } from '../runtime/index.ts';
import { isVersionOf, type TemplateVersion, templateOf, VERSIONS_BY_TEMPLATE } from './version.ts';

/** The index of Workflows, templates and versions by the templates that they name directly. */
export const BY_REFERENCE = 'template';

/** The key of a template, which may not exist. */
export function templateKey(kind: LibraryKind, { namespace, name }: Pick<ObjectMeta, 'namespace' | 'name'>): string {
  return kind === 'WorkflowTemplate' ? `${kind}/${namespace ?? ''}/${name}` : `${kind}//${name}`;
}

/** The caches of templates and of the objects that use them. */
export interface TemplateStores {
  readonly workflows: Store<Workflow>;
  readonly templates: Store<WorkflowTemplate>;
  /** Absent where the operator serves single namespaces. */
  readonly clusterTemplates: Store<WorkflowTemplate> | undefined;
  /** Every kept version of the templates of both kinds. */
  readonly versions: Store<TemplateVersion>;
}

type Source = Omit<Definition, 'library'> | TemplateBody;

function keysOf(source: Source, home: 'Local' | LibraryKind, namespace: string | undefined): string[] {
  const keys = templateReferences(source, home).map(({ kind, name }) =>
    templateKey(kind as LibraryKind, { name, ...(namespace === undefined ? {} : { namespace }) }),
  );
  return [...new Set(keys)];
}

export function referencesOfWorkflow({ spec, metadata }: Workflow): string[] {
  return keysOf(spec, 'Local', metadata.namespace);
}

export function referencesOfTemplate({ spec, metadata }: WorkflowTemplate, kind: LibraryKind): string[] {
  return keysOf(spec, kind, metadata.namespace);
}

export function referencesOfVersion({ body, kind, metadata }: TemplateVersion): string[] {
  return keysOf(body, kind, metadata.namespace);
}

/** The objects to validate again after a template or one of its versions has changed, appeared or been deleted. */
export interface Affected {
  /** Keys of Workflows. */
  readonly workflows: ReadonlySet<string>;
  /** Keys of templates that use it, by their kinds. */
  readonly templates: Readonly<Record<LibraryKind, ReadonlySet<string>>>;
}

const KINDS = ['WorkflowTemplate', 'ClusterWorkflowTemplate'] as const;

/** The objects that use the template of this `templateKey`, directly or through other templates. */
export function affectedBy(stores: TemplateStores, key: string): Affected {
  const workflows = new Set<string>();
  const templates = { WorkflowTemplate: new Set<string>(), ClusterWorkflowTemplate: new Set<string>() };
  const seen = new Set([key]);
  // The set grows while it is walked.
  for (const used of seen) {
    for (const workflow of stores.workflows.keysByIndex(BY_REFERENCE, used)) workflows.add(workflow);
    for (const version of stores.versions.byIndex(BY_REFERENCE, used)) seen.add(templateOf(version));
    for (const kind of KINDS) {
      for (const { metadata } of usersOf(stores, kind, used)) {
        templates[kind].add(objectKey(metadata));
        seen.add(templateKey(kind, metadata));
      }
    }
  }
  return { workflows, templates };
}

function usersOf(stores: TemplateStores, kind: LibraryKind, used: string): WorkflowTemplate[] {
  const store = kind === 'WorkflowTemplate' ? stores.templates : stores.clusterTemplates;
  return store?.byIndex(BY_REFERENCE, used) ?? [];
}

/**
 * Calls `changed` with the `templateKey` of every template that changes, appears, is deleted, or gets a new version.
 */
export function watchTemplates(stores: TemplateStores, changed: (key: string) => void): void {
  const handler = (kind: LibraryKind) => {
    const tell = (_key: string, { metadata }: WorkflowTemplate) => changed(templateKey(kind, metadata));
    return { added: tell, updated: tell, deleted: tell };
  };
  stores.templates.subscribe(handler('WorkflowTemplate'));
  stores.clusterTemplates?.subscribe(handler('ClusterWorkflowTemplate'));
  const tell = (_key: string, version: TemplateVersion) => changed(templateOf(version));
  stores.versions.subscribe({ added: tell, deleted: tell });
}

/** The cached versions that belong to this template, by uid and not only by name. */
export function versionsOf(stores: TemplateStores, kind: LibraryKind, metadata: ObjectMeta): TemplateVersion[] {
  const named = stores.versions.byIndex(VERSIONS_BY_TEMPLATE, templateKey(kind, metadata));
  return named.filter((version) => isVersionOf(version, metadata));
}
