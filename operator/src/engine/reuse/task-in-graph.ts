import type { Task, TaskDefaults } from '../../api/index.ts';

/** A task as it stands in its graph. */
export interface TaskInGraph {
  readonly task: Task;
  readonly defaults: TaskDefaults | undefined;
}
