/** What the containers beside a task's own are told: which artifacts to fetch, which to push, and for whom. */
export interface ArtifactPlan {
  /** Address of the store, as the operator is given it. */
  readonly store: string;
  readonly namespace: string;
  readonly runUid: string;
  /** Path of the unit, such as `ship/build[2]`, and the number of its attempt. */
  readonly path: string;
  readonly attempt: number;
  /** Most bytes that all inputs, or all outputs, may have together. */
  readonly maxBytes: number;
  /** How long publishing the outputs may take, milliseconds. */
  readonly pushMs: number;
  /** How long the artifacts of the run are kept. */
  readonly policy: ArtifactPolicy;
  readonly inputs: readonly PlannedInput[];
  readonly outputs: readonly PlannedOutput[];
}

export interface PlannedInput {
  readonly name: string;
  /** Path of the task that made it, without item, iteration and attempt. */
  readonly producer: string;
  readonly artifact: string;
  /** Where it is put. */
  readonly path: string;
  readonly optional: boolean;
}

export interface PlannedOutput {
  readonly name: string;
  /** Where it is taken from: a file or a folder. */
  readonly path: string;
  readonly optional: boolean;
}

/** How long artifacts outlive what is known of their run. */
export type ArtifactPolicy =
  | { readonly keep: 'WithRun' | 'Forever' }
  /** For so many milliseconds after the last change. */
  | { readonly keep: 'For'; readonly ms: number };

/** What the pod that deletes artifacts is told. */
export interface SweepPlan {
  readonly store: string;
  readonly namespace: string;
  /** Epoch milliseconds at which the runs whose uids are its arguments were all. */
  readonly asOf: number;
  /** By how much clocks may differ: what is younger stays. */
  readonly skewMs: number;
  /** Uid of the cluster, to which the store must belong; undefined where the operator cannot read it. */
  readonly cluster?: string | undefined;
}

/** What a sweep says at its end; a pod says it as JSON in its termination message. */
export interface SweepReport {
  /** Whether another sweep has to continue. */
  readonly more: boolean;
  /** Uids of runs that were left because their policy.json cannot be read: the first few of them. */
  readonly unreadable: readonly string[];
}

/** The variables of the environment in which they are told, as JSON. */
export const ENV_ARTIFACT_PLAN = 'ADO_ARTIFACT_PLAN';
export const ENV_SWEEP_PLAN = 'ADO_SWEEP_PLAN';
/** Where the containers beside a task find the Secret or the volume of the store. */
export const STORE_FOLDER = '/ado/store';
export const STORE_SECRET_FOLDER = `${STORE_FOLDER}/secret`;
export const STORE_VOLUME_FOLDER = `${STORE_FOLDER}/volume`;
