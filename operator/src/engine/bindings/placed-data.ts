import type { Outputs } from '../../api/index.ts';
import { ExpressionError } from '../expression/index.ts';
import type { Placed } from '../state/placed.ts';

/** Placed outputs that one task may read, as JSON. */
export const MAX_READ_BYTES = 1024 * 1024;
/** Placed outputs that one pass asks for, as JSON; tasks that read more have their turn in the next pass. */
const MAX_ASKED_BYTES = 8 * 1024 * 1024;

/** Placed outputs that a pass has to be given before it can decide on the tasks that read them. */
export interface Wanted extends Placed {
  /** Path of the task that handed them on. */
  readonly path: string;
}

/** The placed outputs of a task, by the path of each unit; or why they cannot be read, in words. */
export type Given = { readonly outputs: ReadonlyMap<string, Outputs> } | { readonly damage: string };

const NOTHING: ReadonlyMap<string, Given> = new Map();

/** A task reads what the pass was not given; nothing is decided on it until it is. */
export class NotGivenError extends Error {
  override readonly name = 'NotGivenError';
}

/** A task reads what no pass can be given, and fails for it. */
export class UnreadableError extends ExpressionError {
  readonly failure: 'HistoryDamaged' | 'OutputsTooLarge';

  constructor(failure: UnreadableError['failure'], message: string) {
    super(message);
    this.failure = failure;
  }
}

/** The placed outputs that one pass knows: those it was given, and those of its own events. */
export class PlacedData {
  /** What the next decision on the same state has to be given, by path. */
  readonly wanted = new Map<string, Wanted>();
  /** Tasks read more than a pass may ask for. */
  isFull = false;
  readonly #given: ReadonlyMap<string, Given>;
  readonly #own = new Map<string, Map<string, Outputs>>();
  readonly #asked = new Set<string>();
  #bytes = 0;

  constructor(given: ReadonlyMap<string, Given> = NOTHING) {
    this.#given = given;
  }

  /** Takes in the outputs of an event of this pass. */
  add(task: string, unit: string, outputs: Outputs): void {
    const own = this.#own.get(task) ?? new Map<string, Outputs>();
    this.#own.set(task, own.set(unit, outputs));
  }

  /**
   * All placed outputs of these tasks, by the path of each unit.
   * @throws NotGivenError when the pass has to be given some of them first
   * @throws UnreadableError when they are too large for one task, or damaged
   */
  read(tasks: readonly (readonly [path: string, placed: Placed])[]): ReadonlyMap<string, Outputs> {
    refuseTooLarge(tasks);
    const missing = tasks.filter(([path, { count }]) => !this.#given.has(path) && this.#own.get(path)?.size !== count);
    for (const [path, placed] of tasks) this.#ask(path, placed, missing);
    if (missing.length > 0) throw new NotGivenError(`not given: ${missing.map(([path]) => path).join(', ')}`);
    const found = new Map<string, Outputs>();
    for (const [path, placed] of tasks) for (const [unit, outputs] of this.#of(path, placed)) found.set(unit, outputs);
    return found;
  }

  #ask(path: string, placed: Placed, missing: readonly (readonly [string, Placed])[]): void {
    const isMissing = missing.some(([each]) => each === path);
    const isFirst = !this.#asked.has(path);
    if (isMissing && isFirst && this.#bytes > 0 && this.#bytes + placed.bytes > MAX_ASKED_BYTES) {
      this.isFull = true;
      return;
    }
    if (isFirst) this.#bytes += placed.bytes;
    this.#asked.add(path);
    if (isMissing) this.wanted.set(path, { path, ...placed });
  }

  #of(path: string, { count }: Placed): ReadonlyMap<string, Outputs> {
    const given = this.#given.get(path) ?? { outputs: new Map<string, Outputs>() };
    if ('damage' in given) throw unreadable(path, given.damage);
    const all = new Map([...given.outputs, ...(this.#own.get(path) ?? [])]);
    if (all.size !== count) throw unreadable(path, `its history holds the outputs of ${all.size} of ${count} units`);
    return all;
  }
}

const unreadable = (path: string, why: string): UnreadableError =>
  new UnreadableError('HistoryDamaged', `the outputs of ${path} cannot be read: ${why}`);

function refuseTooLarge(tasks: readonly (readonly [string, Placed])[]): void {
  const bytes = tasks.reduce((sum, [, placed]) => sum + placed.bytes, 0);
  if (bytes <= MAX_READ_BYTES) return;
  const named = tasks.map(([path, placed]) => `${path} (${placed.bytes})`).join(', ');
  const message = `the task reads ${bytes} bytes of outputs, of ${named}; one task may read ${MAX_READ_BYTES} bytes: output less, or references`;
  throw new UnreadableError('OutputsTooLarge', message);
}

/**
 * Does what may read placed outputs; nothing happens where the pass was not given them.
 * @returns whether it was done
 */
export function whenGiven(act: () => void): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (!(error instanceof NotGivenError)) throw error;
    return false;
  }
}
