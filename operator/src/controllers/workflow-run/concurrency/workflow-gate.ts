import type { Concurrency, Definition, Json, WorkflowRun } from '../../../api/index.ts';
import { keyFor, keyOfRun } from './key-of-run.ts';
import { Lines, type Standing, UNKNOWN } from './lines.ts';
import { nextInTurn } from './next-in-turn.ts';
import { contenderOf, placeOf, standingOf } from './standing.ts';
import { type Contender, type Turn, turnOf } from './turn.ts';

/** A run that asks for its turn, with what its key is computed from. */
export interface Asking {
  readonly run: WorkflowRun;
  readonly definition: Definition;
  readonly params: Readonly<Record<string, Json>>;
}

type Siblings = () => readonly WorkflowRun[];

/**
 * The limit of one Workflow. Invariants:
 * 1. It decides as if it looked at all cached runs: it does so once, and then hears of every change of one.
 * 2. A run that was let in is active until the cache shows that it has begun, has ended or is gone. Deciding and letting in
 *    is one step, so that of two runs that are reconciled at once only one gets the last place.
 * 3. The key of a run is computed once for each expression: its parameters never change.
 */
export class WorkflowGate {
  /** Uid of the Workflow for which the runs were read from the server. */
  #checked: string | undefined;
  /** Uids of runs that were let in and that the cache does not show as accepted. */
  readonly #admitted = new Set<string>();
  /** By uid, the generation of the Workflow at which a waiting run could start but for the limit. */
  readonly #asked = new Map<string, number | undefined>();
  #lines: Lines | undefined;
  #source = '';
  #definition: Definition = { tasks: [] };

  /** Whether no unfinished run is known. */
  get isEmpty(): boolean {
    return (this.#lines?.size ?? 0) === 0;
  }

  isChecked(workflowUid: string): boolean {
    return this.#checked === workflowUid;
  }

  /** Takes in the runs as the server has them. */
  check(workflowUid: string, live: readonly WorkflowRun[]): void {
    this.#checked = workflowUid;
    for (const run of live) if (placeOf(run, false) === 'Active') this.#admit(run.metadata.uid ?? '');
  }

  /**
   * Whether a run may start now. The answer Go takes its place.
   * @throws ExpressionError when its key cannot be computed
   */
  ask(concurrency: Concurrency, asking: Asking, siblings: Siblings, generation: number | undefined): Turn {
    const { run, params } = asking;
    const { desiredState } = run.spec;
    const lines = this.#linesFor(concurrency.key ?? '', asking, siblings);
    const uid = run.metadata.uid ?? '';
    const known = lines.get(uid);
    const key = known && known.key !== UNKNOWN ? known.key : keyFor(this.#source, run, params);
    if (known && known.key !== key) lines.put({ ...known, key });
    if (known?.place === 'Active') return { type: 'Go' };
    if (desiredState !== 'Running') return { type: 'Wait', message: `waiting because desiredState is ${desiredState}` };
    const turn = turnOf(concurrency, contenderOf(run), lines.of(key));
    // One that is gone takes no place: nothing would give it back.
    if (known && turn.type === 'Go') this.#admit(uid);
    else if (known) this.#asked.set(uid, generation);
    return turn;
  }

  /** Why a run that asked before still waits, if it does, without any of what else it depends on. */
  stillQueued(concurrency: Concurrency, run: WorkflowRun, generation: number | undefined): Turn | undefined {
    const { uid = '' } = run.metadata;
    const known = this.#lines?.get(uid);
    const isSame = this.#source === (concurrency.key ?? '') && this.#asked.get(uid) === generation;
    if (!this.#lines || known?.place !== 'Waiting' || !isSame || !this.#asked.has(uid)) return undefined;
    if (run.spec.desiredState !== 'Running' || known.key === UNKNOWN) return undefined;
    const turn = turnOf(concurrency, known.contender, this.#lines.of(known.key));
    return turn.type === 'Wait' ? turn : undefined;
  }

  /** Takes in a version of a run, and the one before. Returns the runs that may get the place it has given up. */
  saw(run: WorkflowRun, previous: WorkflowRun | undefined, concurrency: Concurrency | undefined): Contender[] {
    const uid = run.metadata.uid ?? '';
    const before = this.#lines?.get(uid);
    if (run.status?.state !== undefined) this.#admitted.delete(uid);
    if (run.status?.finishedAt !== undefined) return this.gone(uid, concurrency);
    if (!this.#lines) return [];
    const begins = run.status?.state !== undefined && previous?.status?.state === undefined;
    this.#note(run, this.#lines, begins);
    return this.#roomAfter(before, concurrency);
  }

  /** Forgets a run that has ended or is gone. Returns the runs that may get its place. */
  gone(uid: string, concurrency: Concurrency | undefined): Contender[] {
    const before = this.#lines?.get(uid);
    this.#admitted.delete(uid);
    this.#asked.delete(uid);
    this.#lines?.remove(uid);
    return this.#roomAfter(before, concurrency);
  }

  #roomAfter(before: Standing | undefined, concurrency: Concurrency | undefined): Contender[] {
    if (!this.#lines || !before || !concurrency || before.place === 'Aside') return [];
    const after = this.#lines.get(before.contender.uid);
    const stays = after?.key === before.key && after.place === before.place;
    return stays ? [] : nextInTurn(this.#lines, concurrency, before);
  }

  #admit(uid: string): void {
    this.#admitted.add(uid);
    this.#asked.delete(uid);
    const known = this.#lines?.get(uid);
    if (known) this.#lines?.put({ ...known, place: 'Active' });
  }

  /** @param begins whether the run shows its state for the first time, and with it its parameters */
  #note(run: WorkflowRun, lines: Lines, begins: boolean): void {
    const { uid = '' } = run.metadata;
    const place = placeOf(run, this.#admitted.has(uid));
    if (!place) return;
    const before = lines.get(uid);
    const isTold = before !== undefined && before.key !== UNKNOWN;
    if (before?.place === place && (isTold || !begins)) return;
    lines.put(standingOf(run, place, isTold ? before.key : keyOfRun(this.#source, run, this.#definition)));
  }

  /** The lines with keys by this expression; all runs are looked at only the first time and after it was changed. */
  #linesFor(source: string, { run, definition }: Asking, siblings: Siblings): Lines {
    if (!this.#lines || this.#source !== source) return this.#fill(source, definition, siblings);
    // A run that repeats another may have an older definition, which says nothing of the others.
    if (this.#definition === definition || run.spec.from) return this.#lines;
    this.#definition = definition;
    this.#tellUnknown(this.#lines, siblings);
    return this.#lines;
  }

  #fill(source: string, definition: Definition, siblings: Siblings): Lines {
    this.#source = source;
    this.#definition = definition;
    const lines = new Lines();
    for (const run of siblings()) this.#note(run, lines, false);
    this.#lines = lines;
    return lines;
  }

  /** A newer definition may tell the keys of waiting runs that the one before could not. */
  #tellUnknown(lines: Lines, siblings: Siblings): void {
    const unknown = new Set(lines.unknown);
    if (unknown.size === 0) return;
    for (const run of siblings()) {
      const { uid = '' } = run.metadata;
      if (!unknown.has(uid)) continue;
      lines.remove(uid);
      this.#note(run, lines, false);
    }
  }
}
