import {
  ANNOTATION_PROOF,
  ANNOTATION_TASK,
  LABEL_ATTEMPT,
  LABEL_RUN_UID,
  type ObjectMeta,
  objectId,
  type Proves,
} from '../api/index.ts';
import { BoundedMap } from '../bounds/index.ts';
import type { Attempt, RunContext, Stranger } from './executor.ts';

/** Kinds of objects that are made for attempts. */
export type MadeKind = 'Pod' | 'WorkflowRun' | 'Signal';

type Run = Pick<RunContext, 'namespace' | 'uid'>;

/** An attempt, with what the state says of its object. */
export interface Known extends Attempt {
  /** The object that was recorded for it; no other counts. */
  readonly object?: string | undefined;
  /** It was started before there were proofs: an object that only says that it is the run's is believed once. */
  readonly unproven?: true | undefined;
}

export type Verdict = 'Ours' | Stranger['why'];

/** Verdicts and first sights that are remembered; of what is forgotten the next look is the first. */
const MAX_REMEMBERED = 20_000;

/**
 * Which objects the operator made for attempts. Labels, owners and annotations are for finding: anybody who may create an
 * object can write them. Invariants:
 * 1. An object is believed for its proof, which covers its kind, namespace, name, run, path and attempt.
 * 2. Once an object was seen for an attempt no other of its name is, proof or not: what is made again is a stranger.
 * 3. A proof is computed once for each object, not at each look.
 */
export class Identities {
  readonly #proves: Proves;
  /** Verdicts by uid, with what they are about. */
  readonly #verdicts = new BoundedMap<{ readonly about: string; readonly proven: boolean }>({ max: MAX_REMEMBERED });
  /** The first object that was seen under a name, until the state says so. */
  readonly #first = new BoundedMap<string>({ max: MAX_REMEMBERED });

  constructor(proves: Proves) {
    this.#proves = proves;
  }

  /** What the object of an attempt carries. */
  proofOf(kind: MadeKind, name: string, run: Run, attempt: Attempt): string {
    return this.#proves.code(claimOf(kind, name, run, attempt));
  }

  /** Whether an object is the one of an attempt; its name is judged by who asks. */
  judge(kind: MadeKind, metadata: ObjectMeta, run: Run, known: Known, isOwned: () => boolean): Verdict {
    if (metadata.namespace !== run.namespace) return 'NoProof';
    const id = objectId(metadata.uid ?? '');
    const key = `${kind} ${run.namespace}/${metadata.name}`;
    const recorded = known.object ?? this.#first.get(key);
    if (recorded !== undefined) return recorded === id ? 'Ours' : 'MadeAgain';
    if (!this.isProven(kind, metadata, run, known) && !(known.unproven && isOwned())) return 'NoProof';
    this.#first.set(key, id);
    return 'Ours';
  }

  /** Whether an object carries the proof of an attempt: in an annotation, or in `proof` where its kind has a frozen field. */
  isProven(
    kind: MadeKind,
    metadata: ObjectMeta,
    run: Run,
    attempt: Attempt,
    proof = metadata.annotations?.[ANNOTATION_PROOF],
  ): boolean {
    if (proof === undefined || metadata.namespace !== run.namespace) return false;
    const { uid = '', name } = metadata;
    const about = `${kind} ${run.namespace}/${name} ${run.uid} ${attempt.path}#${attempt.attempt} ${proof}`;
    const verdict = this.#verdicts.get(uid);
    if (verdict?.about === about) return verdict.proven;
    const proven = this.#proves.proves(proof, claimOf(kind, name, run, attempt));
    if (uid !== '') this.#verdicts.set(uid, { about, proven });
    return proven;
  }

  /**
   * Notes what the cache hears of, so that what is put in its place before anybody has looked at it is a stranger too. The
   * standby notes it as well.
   */
  saw(kind: MadeKind, metadata: ObjectMeta): void {
    const { namespace = '', name, uid = '', labels, annotations } = metadata;
    const key = `${kind} ${namespace}/${name}`;
    if (annotations?.[ANNOTATION_PROOF] === undefined || this.#first.has(key)) return;
    const run = { namespace, uid: labels?.[LABEL_RUN_UID] ?? '' };
    try {
      if (this.isProven(kind, metadata, run, attemptOf(metadata))) this.#first.set(key, objectId(uid));
    } catch {
      // The key is not read yet: nothing was decided, so there is nothing that could be replaced.
    }
  }

  /** The name is to be given to an object that is made now: what had it before is forgotten. */
  making(kind: MadeKind, { namespace, name }: Pick<ObjectMeta, 'namespace' | 'name'>): void {
    this.#first.delete(`${kind} ${namespace ?? ''}/${name}`);
  }
}

const claimOf = (kind: MadeKind, name: string, { namespace, uid }: Run, { path, attempt }: Attempt) => ({
  ...{ of: 'attempt', kind, namespace, name, run: uid, path, attempt },
});

/** The attempt that an object says it is of. */
export function attemptOf({ annotations = {}, labels = {} }: ObjectMeta): Attempt {
  return { path: annotations[ANNOTATION_TASK] ?? '', attempt: Number(labels[LABEL_ATTEMPT] ?? 0) };
}

export function strangerOf(
  kind: MadeKind,
  { namespace = '', name, uid = '' }: ObjectMeta,
  why: Stranger['why'],
): Stranger {
  return { kind, namespace, name, uid, why };
}

/** What it means for an attempt that its object is another than the one that was started. */
export function disrupted(kind: MadeKind, name: string, why: Stranger['why']) {
  const what = why === 'MadeAgain' ? 'was deleted and recreated' : 'was not created by the operator';
  const message = `the ${kind} ${name} ${what} and does not count for this attempt; delete it`;
  return { phase: 'Failed', cause: 'Infrastructure', reason: 'Disrupted', message } as const;
}
