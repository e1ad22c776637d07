import { z } from 'zod';
import { type Lineage, requesters } from './lineage.ts';
import type { WorkflowRun } from './object.ts';
import type { Proves } from './proves.ts';

/** What the operator says of a run that it made. Nobody changes it, and the proof says that nobody else wrote it. */
export const provenance = z.object({
  requesters: requesters.describe('Who asked: for the run itself, and for all that led to it.'),
  unknown: z.boolean().optional().describe('Whether somebody asked besides of whom nothing is known.'),
  depth: z.int().min(0).max(1000).describe('How many runs it hangs below: its parent, the parent of that, and so on.'),
  workflow: z.string().max(64).optional().describe('Uid of the Workflow whose trigger made it.'),
  key: z.string().max(64).optional().describe('Digest of what the trigger made it for; for each there is one run.'),
  proof: z.string().max(64).describe('The code by which operators know that they made the run, as it is.'),
});

export type Provenance = z.infer<typeof provenance>;

/** What is said of a run that is to be made. */
export interface Made {
  readonly lineage: Lineage;
  readonly depth: number;
  readonly workflow?: string | undefined;
  readonly key?: string | undefined;
}

/** All of the run that is frozen, and would make it another: what is left out, its owner may change. */
function claimOf({ metadata, spec }: WorkflowRun, { proof: _proof, ...said }: Provenance) {
  const { namespace, name } = metadata;
  const { workflowRef, parameters = [], origin, continues, from } = spec;
  return { of: 'run', namespace, name, ...{ workflowRef, parameters, origin, continues, from }, ...{ said } };
}

/** The run with what the operator says of it, proven for just this run under just this name. */
export function withProvenance(run: WorkflowRun, { lineage, depth, workflow, key }: Made, proves: Proves): WorkflowRun {
  const said: Provenance = {
    requesters: [...lineage.requesters],
    ...(lineage.unknown ? { unknown: true } : {}),
    depth,
    ...(workflow === undefined ? {} : { workflow }),
    ...(key === undefined ? {} : { key }),
    proof: '',
  };
  const proof = proves.code(claimOf(run, said));
  return { ...run, spec: { ...run.spec, provenance: { ...said, proof } } };
}

/** Runs as they were judged, so that each version of one is judged once. */
const judged = new WeakMap<WorkflowRun, { readonly by: Proves; readonly isProven: boolean }>();

/** What the operator says of a run that it made; nothing of one that others made, whatever that says. */
export function provenanceOf(run: WorkflowRun, proves: Proves): Provenance | undefined {
  const { provenance: said } = run.spec;
  if (said === undefined) return undefined;
  const before = judged.get(run);
  const isProven = before?.by === proves ? before.isProven : proves.proves(said.proof, claimOf(run, said));
  judged.set(run, { by: proves, isProven });
  return isProven ? said : undefined;
}

export const lineageIn = ({ requesters, unknown }: Pick<Provenance, 'requesters' | 'unknown'>): Lineage => ({
  requesters,
  unknown: unknown === true,
});

/** How many runs a run hangs below. One that a person made hangs below none. */
export const depthOf = (run: WorkflowRun, proves: Proves): number => provenanceOf(run, proves)?.depth ?? 0;
