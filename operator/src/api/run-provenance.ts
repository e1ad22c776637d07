import type { Lineage } from './lineage.ts';
import type { WorkflowRun } from './object.ts';
import type { Provenance } from './provenance.ts';
import type { Proves } from './proves.ts';

/** The provenance of a run that the operator is about to create. */
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

/** The provenance of a run that the operator created; undefined for any other run, whatever its spec claims. */
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
