import { linkOf, objectKey, rootOf, type Signal, type WorkflowRun } from '../../api/index.ts';
import type { Store } from '../../runtime/index.ts';

/** The index of the run store that finds all links of a chain by the first of them. */
export const RUNS_BY_ROOT = 'root';

/** Whether a signal has come to its end; it has only one. */
export function isEnded({ status }: Signal): boolean {
  return status?.phase !== undefined && status.phase !== 'Pending';
}

/** How the operator names the links of a chain after its first. */
const LINK = /^(.+)-c\d+$/;

/** The runs that a name means, the first one first: a chain is known by any of its links, also by one that is gone. */
export function linksOf(runs: Store<WorkflowRun>, namespace: string, name: string): WorkflowRun[] {
  const named = runs.get(objectKey({ namespace, name }));
  const root = named ? rootOf(named) : name;
  const found = runs.byIndex(RUNS_BY_ROOT, objectKey({ namespace, name: root }));
  const links = found.length > 0 || named ? found : linksAfter(runs, namespace, name);
  return links.sort((a, b) => linkOf(a) - linkOf(b));
}

function linksAfter(runs: Store<WorkflowRun>, namespace: string, name: string): WorkflowRun[] {
  const root = LINK.exec(name)?.[1];
  if (root === undefined) return [];
  return runs.byIndex(RUNS_BY_ROOT, objectKey({ namespace, name: root })).filter(({ spec }) => spec.continues);
}

/** Keys under which the signals are found that are for a chain: its first run, and whichever link was named instead. */
export function addressesOf(links: readonly WorkflowRun[]): string[] {
  const names = links.flatMap((run) => {
    const { namespace = '', name } = run.metadata;
    return [objectKey({ namespace, name: rootOf(run) }), objectKey({ namespace, name })];
  });
  return [...new Set(names)];
}
