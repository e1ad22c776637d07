import type { Json, ValueType } from '../../api/index.ts';

export type { Json, ValueType };

/** What other tasks may read of a task. */
export interface VisibleTask {
  readonly outputs: Readonly<Record<string, ValueType>>;
  /** With forEach, `outputs` is a list: one entry an item, null where the item was skipped. */
  readonly fannedOut: boolean;
}

/** What an expression may see, statically. */
export interface Scope {
  readonly parameters: Readonly<Record<string, ValueType>>;
  /** The ancestors of the task, by name. */
  readonly tasks: Readonly<Record<string, VisibleTask>>;
  /** All tasks of the workflow, to tell an unknown task from one that is no ancestor. */
  readonly allTasks: ReadonlySet<string>;
  /** `item` (any JSON) and `index` (Integer) are visible. */
  readonly item: boolean;
  /** `exitCode` and `attempt` (Integer), `reason` and `message` (String) are visible: `retry.when`. */
  readonly attempt: boolean;
}

/** Values for what the Scope declared. Plain JSON, never changed by an evaluation. */
export interface Bindings {
  readonly params: Readonly<Record<string, Json>>;
  readonly tasks: Readonly<Record<string, { readonly outputs: Json; readonly status: string }>>;
  readonly run: {
    readonly name: string;
    readonly uid: string;
    readonly namespace: string;
    readonly workflow: string;
    readonly number?: number;
  };
  readonly item?: Json;
  readonly index?: number;
  readonly exitCode?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly attempt?: number;
  /**
   * The declared types. JSON does not tell 2 from 2.0: with this, a whole value of a Number is a double, as the
   * static check took it to be; without it, it is an int, and `params.ratio / 4` would divide as ints do.
   */
  readonly types?: Pick<Scope, 'parameters' | 'tasks'>;
}

/** The fields of `run`, and their CEL types. */
export const RUN_FIELDS: Readonly<Record<string, string>> = {
  name: 'string',
  uid: 'string',
  namespace: 'string',
  workflow: 'string',
  number: 'int',
};

/** Names that only some expressions see, with their CEL types and the sentence for where they are not seen. */
export const SITUATIONAL: Readonly<Record<string, { type: string; needs: 'item' | 'attempt'; elsewhere: string }>> = {
  item: { type: 'dyn', needs: 'item', elsewhere: '"item" is known only in a task with forEach' },
  index: { type: 'int', needs: 'item', elsewhere: '"index" is known only in a task with forEach' },
  exitCode: { type: 'int', needs: 'attempt', elsewhere: '"exitCode" is known only in retry.when' },
  reason: { type: 'string', needs: 'attempt', elsewhere: '"reason" is known only in retry.when' },
  message: { type: 'string', needs: 'attempt', elsewhere: '"message" is known only in retry.when' },
  attempt: { type: 'int', needs: 'attempt', elsewhere: '"attempt" is known only in retry.when' },
};

/** The names that every expression sees, and that none may give to a variable of its own. */
export const ROOTS: ReadonlySet<string> = new Set(['params', 'tasks', 'run']);
