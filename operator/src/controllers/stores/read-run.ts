import type { WorkflowRun } from '../../api/index.ts';
import { isNotFound, type KubeClient } from '../../runtime/index.ts';
import { WORKFLOW_RUNS } from '../resources.ts';

/** The run as the API server has it now; undefined when it was deleted, also if another run has its name. */
export async function readRun(
  { client }: { readonly client: Pick<KubeClient, 'get'> },
  run: Pick<WorkflowRun, 'metadata'>,
  signal: AbortSignal,
): Promise<WorkflowRun | undefined> {
  try {
    const live = await client.get<WorkflowRun>(WORKFLOW_RUNS, run.metadata, { signal });
    return live.metadata.uid === run.metadata.uid ? live : undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
