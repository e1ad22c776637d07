import type { Task, Workflow } from '../../api/index.ts';
import { referencesOfWorkflow } from '../../definitions/index.ts';
import { hasArtifacts } from '../../pods/index.ts';
import type { Stores } from '../stores/stores.ts';

type Definitions = Pick<Stores, 'workflows' | 'templates' | 'clusterTemplates'>;

/**
 * Whether runs of the namespace may have stored artifacts, as its Workflows say: one that uses a shared template counts where
 * any template that it could use has artifacts.
 */
export function mayStoreArtifacts({ workflows, templates, clusterTemplates }: Definitions, namespace: string): boolean {
  const own = [...workflows.values()].filter(({ metadata }) => metadata.namespace === namespace);
  if (own.some(storesItself)) return true;
  if (!own.some((workflow) => referencesOfWorkflow(workflow).length > 0)) return false;
  const shared = [...templates.values()].filter(({ metadata }) => metadata.namespace === namespace);
  return [...shared, ...(clusterTemplates?.values() ?? [])].some(({ spec }) => storesOf(spec));
}

const storesItself = ({ spec }: Workflow): boolean => storesOf(spec) || (spec.templates ?? []).some(storesOf);

const storesOf = ({ tasks, finally: last = [] }: Scope): boolean => [...tasks, ...last].some(hasArtifacts);

/** The tasks of a Workflow or a template. */
interface Scope {
  readonly tasks: readonly Task[];
  readonly finally?: readonly Task[] | undefined;
}
