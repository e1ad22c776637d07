import type { Task, TemplateRef } from '../../api/index.ts';
import { libraryKey, type ResolvedRef } from '../plan/library.ts';
import type { Library } from '../plan/visible.ts';
import type { Problem } from './problem.ts';

/** Tasks of a run with those of its templates, each counted as often as it is used; items and iterations do not count. */
export const MAX_PLANNED_TASKS = 5_000;

/** Whether a run of these tasks would be too large. */
export function sizeProblems(tasks: readonly Task[], path: string, library: Library): Problem[] {
  const count = new Counter(library).tasks(tasks);
  if (count <= MAX_PLANNED_TASKS) return [];
  const message = `there are ${count} tasks, including those of templates; at most ${MAX_PLANNED_TASKS} are allowed; use fewer templates or start child workflows`;
  return [{ path, message }];
}

class Counter {
  readonly #library: Library;
  readonly #sizes = new Map<string, number>();

  constructor(library: Library) {
    this.#library = library;
  }

  tasks(tasks: readonly Task[]): number {
    return tasks.reduce((all, task) => all + this.#task(task), 0);
  }

  #task({ template, undo, hooks = [] }: Task): number {
    const sides = [...hooks, ...(undo === undefined ? [] : [undo])];
    return 1 + this.#template(template) + sides.reduce((all, side) => all + 1 + this.#template(side.template), 0);
  }

  #template(ref: TemplateRef | undefined): number {
    if (ref === undefined) return 0;
    const key = libraryKey(ref as ResolvedRef);
    const known = this.#sizes.get(key);
    if (known !== undefined) return known;
    // A circle, which is reported as that, ends here.
    this.#sizes.set(key, 0);
    const size = this.tasks(this.#library[key]?.tasks ?? []);
    this.#sizes.set(key, size);
    return size;
  }
}
