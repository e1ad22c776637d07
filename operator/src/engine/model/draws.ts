/** Choices taken from a list of numbers: equal lists give equal choices, and a shorter list gives simpler ones. */
export class Draws {
  readonly #numbers: readonly number[];
  #at = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  get left(): number {
    return this.#numbers.length - this.#at;
  }

  /** From 0 to below `count`; 0 when no number is left. */
  below(count: number): number {
    return (this.#numbers[this.#at++] ?? 0) % count;
  }

  /** True in so many cases of a hundred; false when no number is left. */
  percent(chance: number): boolean {
    return this.below(100) >= 100 - chance;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  some<T>(from: readonly T[], chance: number): T[] {
    return from.filter(() => this.percent(chance));
  }
}
