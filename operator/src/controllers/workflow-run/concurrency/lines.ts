import { OrderedSet } from './ordered-set.ts';
import { byAge, byTurn, type Contender, type Contest } from './turn.ts';

/** The text that the key of a Workflow yields for a run. */
export type Key = string;
/** Of a run whose key cannot be told: in progress it counts with every key, waiting it keeps nobody out. */
export const UNKNOWN = Symbol('unknown');
export type KeyOf = Key | typeof UNKNOWN;

/** What is known of an unfinished run. */
export interface Standing {
  readonly contender: Contender;
  readonly key: KeyOf;
  /** `Aside`: it neither is in progress nor could start. */
  readonly place: 'Active' | 'Waiting' | 'Aside';
  /** First run of its chain, and its number in it. */
  readonly root: string;
  readonly link: number;
}

/** The runs of one key. */
class Line implements Contest {
  readonly active = new OrderedSet<Contender>(byAge);
  readonly waiting = new OrderedSet<Contender>(byTurn);
  readonly waitingByAge = new OrderedSet<Contender>(byAge);
  /** The active runs by the root of their chain. */
  readonly chains = new Map<string, readonly Standing[]>();

  get isEmpty(): boolean {
    return this.chains.size === 0 && this.waiting.size === 0;
  }

  enter(standing: Standing): void {
    const { contender, place, root } = standing;
    if (place === 'Active') this.#setChain(root, [...(this.chains.get(root) ?? []), standing]);
    if (place !== 'Waiting') return;
    this.waiting.add(contender);
    this.waitingByAge.add(contender);
  }

  leave(standing: Standing): void {
    const { contender, place, root } = standing;
    const links = this.chains.get(root) ?? [];
    if (place === 'Active')
      this.#setChain(
        root,
        links.filter((link) => link !== standing),
      );
    if (place !== 'Waiting') return;
    this.waiting.delete(contender);
    this.waitingByAge.delete(contender);
  }

  /** A chain counts once, as its newest run, also in the moment in which two of its runs are in progress. */
  #setChain(root: string, links: readonly Standing[]): void {
    const before = newestOf(this.chains.get(root) ?? []);
    if (before) this.active.delete(before.contender);
    if (links.length === 0) this.chains.delete(root);
    else this.chains.set(root, links);
    const after = newestOf(links);
    if (after) this.active.add(after.contender);
  }
}

const EMPTY = new Line();

/** The unfinished runs of one Workflow by key. It changes run by run, and answers without looking at all of them. */
export class Lines {
  readonly #standings = new Map<string, Standing>();
  readonly #lines = new Map<KeyOf, Line>();

  /** How many runs it knows. */
  get size(): number {
    return this.#standings.size;
  }

  get keys(): IterableIterator<KeyOf> {
    return this.#lines.keys();
  }

  /** What is known of a run by uid. */
  get(uid: string): Standing | undefined {
    return this.#standings.get(uid);
  }

  /** Puts a run where it stands now. */
  put(standing: Standing): void {
    const { uid } = standing.contender;
    this.remove(uid);
    this.#standings.set(uid, standing);
    if (standing.place === 'Aside') return;
    const line = this.#lines.get(standing.key) ?? new Line();
    this.#lines.set(standing.key, line);
    line.enter(standing);
  }

  remove(uid: string): void {
    const standing = this.#standings.get(uid);
    if (!standing) return;
    this.#standings.delete(uid);
    const line = this.#lines.get(standing.key);
    line?.leave(standing);
    if (line?.isEmpty) this.#lines.delete(standing.key);
  }

  /** Uids of the waiting runs whose key cannot be told. */
  get unknown(): string[] {
    const { waiting } = this.#lines.get(UNKNOWN) ?? EMPTY;
    return waiting.first(waiting.size).map(({ uid }) => uid);
  }

  /** The runs that count together with those of a key. */
  of(key: KeyOf): Contest {
    const line = this.#lines.get(key) ?? EMPTY;
    const unknown = this.#lines.get(UNKNOWN) ?? EMPTY;
    if (line === unknown || unknown.chains.size === 0) return line;
    const active = new OrderedSet<Contender>(byAge);
    for (const root of new Set([...line.chains.keys(), ...unknown.chains.keys()])) {
      const newest = newestOf([...(line.chains.get(root) ?? []), ...(unknown.chains.get(root) ?? [])]);
      if (newest) active.add(newest.contender);
    }
    return { active, waiting: line.waiting, waitingByAge: line.waitingByAge };
  }
}

function newestOf(links: readonly Standing[]): Standing | undefined {
  return links.reduce<Standing | undefined>(
    (newest, each) => (newest && newest.link >= each.link ? newest : each),
    undefined,
  );
}
