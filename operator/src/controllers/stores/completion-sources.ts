import { objectKey, type Workflow } from '../../api/index.ts';

/** The index that finds the Workflows which the end of a run of another one starts. */
export const BY_COMPLETION_SOURCE = 'completion-source';

/** Under which Workflows a Workflow is found by BY_COMPLETION_SOURCE. */
export function completionSources({ metadata, spec }: Workflow): string[] {
  const names = (spec.triggers?.completions ?? []).map(({ workflow }) => workflow);
  return [...new Set(names)].map((name) => objectKey({ name, namespace: metadata.namespace ?? '' }));
}
