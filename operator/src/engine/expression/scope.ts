import type { Json, ValueType } from '../../api/index.ts';

export type { Json, ValueType };

/** The type of a value, or Any for one that nobody declared: it is checked when it is there. */
export type ScopeType = ValueType | 'Any';

/** What other tasks may read of a task. */
export interface VisibleTask {
  readonly outputs: Readonly<Record<string, ScopeType>>;
  /** Nothing is known of the outputs before the task has ended, not even their names. */
  readonly any?: boolean;
  /** With forEach, `outputs` is a list: one entry an item, null where the item was skipped. */
  readonly fannedOut: boolean;
  /** How many items there are, where the definition says it. */
  readonly items?: number;
  /** Outputs that may be missing. */
  readonly optional?: readonly string[];
}

/** What an expression may see, statically. */
export interface Scope {
  readonly parameters: Readonly<Record<string, ScopeType>>;
  /** The ancestors of the task, by name. */
  readonly tasks: Readonly<Record<string, VisibleTask>>;
  /** Optional outputs, as `<task>.<output>`, that the expression need not ask for: the `when` of its task has. */
  readonly asked?: ReadonlySet<string> | undefined;
  /** All tasks of the workflow, to tell an unknown task from one that is no ancestor. */
  readonly allTasks: ReadonlySet<string>;
  /** `item` (any JSON) and `index` (Integer) are visible. */
  readonly item: boolean;
  /** `exitCode` and `attempt` (Integer), `reason` and `message` (String) are visible: `retry.when`. */
  readonly attempt: boolean;
  /** `state` with these fields, and `iteration` (Integer), are visible: in a loop. */
  readonly state?: readonly string[] | undefined;
  /** `outputs` (any JSON) is visible: what the iteration or the task has just handed on. */
  readonly outputs?: boolean | undefined;
  /** `status` (String) is visible: how the iteration has just ended. */
  readonly status?: boolean | undefined;
  /** `object` (any JSON) is visible: the object of a resource task. */
  readonly object?: boolean | undefined;
  /** Neither params, tasks nor run is visible: the expression is evaluated apart from its run. */
  readonly apart?: boolean | undefined;
  /** `self` is visible, with this type: the value of a parameter that is judged. */
  readonly self?: ScopeType | undefined;
  /** `body` (any JSON), `headers` and `query` are visible: the request that a webhook got. */
  readonly request?: boolean | undefined;
  /** Of such a request, the headers that its signature covers, where it is signed: nothing else but the body is seen. */
  readonly signed?: readonly string[] | undefined;
  /** `source` is visible: the run whose end starts another one. */
  readonly source?: boolean | undefined;
  /** `schedule` is visible: the slot that a run is made for. */
  readonly schedule?: boolean | undefined;
  /** `run` has `result`, `reason`, `message` and `failures`: in finally. */
  readonly ended?: boolean | undefined;
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
    readonly result?: string;
    readonly reason?: string;
    readonly message?: string;
    /** Of each task that failed: `task`, `reason` and `message`. */
    readonly failures?: Json[];
  };
  readonly item?: Json;
  readonly index?: number;
  readonly exitCode?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly attempt?: number;
  readonly state?: Readonly<Record<string, Json>>;
  readonly iteration?: number;
  readonly outputs?: Json;
  readonly status?: string;
  readonly object?: Json;
  readonly self?: Json;
  readonly body?: Json;
  /** By their names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly source?: Readonly<Record<string, Json>>;
  readonly schedule?: Readonly<Record<string, string>>;
  /**
   * The declared types. JSON does not tell 2 from 2.0: with this, a whole value of a Number is a double, as the
   * static check took it to be; without it, it is an int, and `params.ratio / 4` would divide as ints do.
   */
  readonly types?: Pick<Scope, 'parameters' | 'tasks' | 'self'>;
}

/** The fields of `run`, and their CEL types. */
export const RUN_FIELDS: Readonly<Record<string, string>> = {
  name: 'string',
  uid: 'string',
  namespace: 'string',
  workflow: 'string',
  number: 'int',
};

/** The fields that `run` has besides once its tasks have ended. */
export const ENDED_FIELDS: Readonly<Record<string, string>> = {
  result: 'string',
  reason: 'string',
  message: 'string',
  failures: 'list<dyn>',
};

/** The fields of `source`. */
export const SOURCE_FIELDS = ['run', 'workflow', 'result', 'reason', 'message', 'parameters'] as const;

/** The fields of `schedule`. */
export const SCHEDULE_FIELDS = ['name', 'slot'] as const;

interface Situational {
  /** Its CEL type. */
  readonly type: string;
  /** The field of the scope that makes it visible. */
  readonly needs:
    | 'item'
    | 'attempt'
    | 'state'
    | 'outputs'
    | 'status'
    | 'object'
    | 'self'
    | 'request'
    | 'source'
    | 'schedule';
  readonly elsewhere: string;
}

const situational = (needs: Situational['needs'], type: string, name: string, where: string): [string, Situational] => [
  name,
  { type, needs, elsewhere: `"${name}" is available only in ${where}` },
];

/** Names that only some expressions see, with their CEL types and the sentence for where they are not seen. */
export const SITUATIONAL: Readonly<Record<string, Situational>> = Object.fromEntries([
  situational('item', 'dyn', 'item', 'a task with forEach'),
  situational('item', 'int', 'index', 'a task with forEach'),
  situational('attempt', 'int', 'exitCode', 'retry.when'),
  situational('attempt', 'string', 'reason', 'retry.when'),
  situational('attempt', 'string', 'message', 'retry.when'),
  situational('attempt', 'int', 'attempt', 'retry.when'),
  situational('state', 'map<string, dyn>', 'state', 'a task with loop'),
  situational('state', 'int', 'iteration', 'a task with loop'),
  situational('outputs', 'dyn', 'outputs', 'loop.next, loop.until and undo'),
  situational('status', 'string', 'status', 'loop.next and loop.until'),
  situational('object', 'dyn', 'object', 'successWhen, failWhen and outputs of a resource'),
  situational('self', 'dyn', 'self', 'parameter rules'),
  situational('request', 'dyn', 'body', 'triggers.webhooks'),
  situational('request', 'map<string, string>', 'headers', 'triggers.webhooks'),
  situational('request', 'map<string, string>', 'query', 'triggers.webhooks'),
  situational('source', 'dyn', 'source', 'triggers.completions'),
  situational('schedule', 'map<string, string>', 'schedule', 'triggers.schedules'),
]);

/** The names that every expression sees, and that none may give to a variable of its own. */
export const ROOTS: ReadonlySet<string> = new Set(['params', 'tasks', 'run']);
