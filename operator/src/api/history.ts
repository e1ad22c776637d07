import type { Hint } from './hint.ts';
import type { Json } from './scalars.ts';
import type { SignalDecision, SignalPhase } from './signal.ts';
import type { Task } from './task.ts';
import type { DesiredState } from './workflow-run.ts';

/**
 * What can happen to a run. The journal is the list of these events, and the state of a run is nothing but their fold.
 * In memory an event is an object; in status and pages it is a compact tuple `[code, t, ...fields]`, whose field order
 * is the table EVENTS below. Both orders and codes are for ever: old histories are replayed by new operators.
 * `t` is milliseconds since the run was accepted; only `Accepted` carries an absolute time.
 */
export type HistoryEvent =
  | {
      type: 'Accepted';
      t: 0;
      at: number;
      stateVersion: number;
      digest: string;
      parameters: { [name: string]: Json };
      flags: number[];
      /** What a run that continues another takes over from it; engine/state/chain.ts says what that is. */
      carried?: { [name: string]: Json };
    }
  | { type: 'DesiredStateChanged'; t: number; desired: DesiredState }
  | { type: 'Expanded'; t: number; path: string; count: number }
  /** `key` names the item of a fan-out that has `forEach.key`. */
  | { type: 'Started'; t: number; path: string; attempt: number; adopted?: boolean; key?: string }
  /** The next attempt of a unit was to start and was refused for now; `reason` says by what. */
  | { type: 'Held'; t: number; path: string; reason: string }
  /** The tasks of a template, or those that `generate` made, begin. */
  | { type: 'Opened'; t: number; path: string; params?: { [name: string]: Json }; generated?: Task[] }
  /** An iteration of a loop begins, not before `due`. */
  | {
      type: 'Iterated';
      t: number;
      path: string;
      index: number;
      state: { [name: string]: Json };
      due?: number;
      keep?: number;
    }
  | { type: 'Slept'; t: number; path: string; wake: number }
  /**
   * `from`: the attempt whose cached result was taken, as `<run>/<path>`. `hint`: what went wrong all the same. `page`: the
   * state holds the outputs by their place: in the page that begins with the event of this number, of which this event is a
   * part.
   */
  | {
      type: 'Succeeded';
      t: number;
      path: string;
      outputs?: Outputs;
      keep?: boolean;
      ran?: Ran;
      from?: string;
      hint?: Hint;
      page?: number;
    }
  /** What an earlier run has done and this one does not repeat, by task. */
  | {
      type: 'Copied';
      t: number;
      from: string;
      tasks: { [name: string]: CopiedTask };
      /** What is done again although it had ended well, and why, in words. */
      repeated?: string;
    }
  /**
   * What a task that is taken over handed on in the earlier run: by the index of its items, or under the empty name. `rest`:
   * the index from which more of it follows. `page` as in Succeeded.
   */
  | { type: 'HandedOn'; t: number; path: string; outputs: { [index: string]: Outputs }; rest?: number; page?: number }
  | {
      type: 'Retrying';
      t: number;
      path: string;
      cause: RetryCause;
      wake: number;
      failure: Failure;
      ran?: Ran;
      node?: string;
    }
  | { type: 'Stopping'; t: number; path: string; reason: string; message: string }
  /** `keep`: the state keeps its words, although many failed before. */
  | { type: 'Failed'; t: number; path: string; failure: Failure; ran?: Ran; keep?: boolean }
  | { type: 'Skipped'; t: number; path: string; reason: string; message?: string }
  /** `message`: why it did not succeed although it ended as if it had. */
  | { type: 'Cancelled'; t: number; path: string; reason: string; message?: string }
  | { type: 'OutputsReleased'; t: number; tasks: string[] }
  /** People have answered a task that asks. */
  | { type: 'Responded'; t: number; path: string; votes: Vote[] }
  /** Nobody decided in time; others are asked too. */
  | { type: 'Escalated'; t: number; path: string }
  /** A signal came to its end; `path` is the task that took it, or asked. */
  | {
      type: 'Judged';
      t: number;
      uid: string;
      phase: Exclude<SignalPhase, 'Pending'>;
      reason: string;
      path?: string;
      message?: string;
      decision?: SignalDecision;
      /** Data: who sent it, and its object. */
      sender?: string;
      object?: string;
    }
  /**
   * By which objects attempts are run, as `objectId` shortens their uids, by path: from then on no other counts. `flags`:
   * the run was begun by an operator that proved nothing, and goes on under these rules.
   */
  | { type: 'Identified'; t: number; objects: { [path: string]: string }; flags?: number[] }
  /** These signals say themselves how they ended; nothing else needs to remember it. */
  | { type: 'Acknowledged'; t: number; uids: string[] }
  /**
   * The run goes on as another one, the run `index` of its chain: with its own parameters from the start, or without
   * them from where it is. Nothing happens to this run after that but its end.
   */
  | { type: 'Continuing'; t: number; index: number; parameters?: { [name: string]: Json } }
  /** It was time to go on as another one, and that cannot be; it is asked again much later. */
  | { type: 'NotContinued'; t: number; message: string }
  | { type: 'RunStopping'; t: number; reason: string; message: string }
  /** The result of the tasks is fixed; what follows is undo and finally. */
  | { type: 'Settled'; t: number; phase: 'Succeeded' | 'Failed' | 'Cancelled'; reason: string; message: string }
  | { type: 'Finished'; t: number; phase: 'Succeeded' | 'Failed' | 'Cancelled'; reason: string; message: string };

/** What a user answered, as it is recorded. */
export interface Vote {
  username: string;
  /** When, in milliseconds since the run was accepted. */
  at: number;
  /** What makes the user one of those who are asked: their own name, or this group. */
  group?: string;
  /** The admission webhook does not vouch for it. */
  unattested?: boolean;
  decision?: SignalDecision;
  comment?: string;
  values?: { [name: string]: Json };
  /** It counts only once others are asked too. */
  later?: boolean;
  /** Why it does not count, in one word and, where that is not enough, in some more. */
  void?: string;
  why?: string;
}

export type HistoryEventType = HistoryEvent['type'];
/** When the containers really ran: milliseconds since the run was accepted, by the node's clock. */
export type Ran = [started: number, finished: number];
/** Whether a retry is paid by the user's limit or by the counter of infrastructure failures. */
export type RetryCause = 'User' | 'Infrastructure';
/** What a task handed on, by name; kept in state (`keep`) only while an unfinished task refers to it. */
export type Outputs = { [name: string]: Json };
/**
 * A task of an earlier run. Partly: a fan-out of which some items are still to be done. Skipped: only in histories of
 * operators that did not judge skips anew.
 */
export interface CopiedTask {
  phase: 'Succeeded' | 'Skipped' | 'Partly';
  reason?: string;
  outputs?: Outputs;
  items?: CopiedItems;
  /** What it handed on does not fit here and follows, before anything starts. */
  later?: boolean;
  /** Of a task that asks: the answers that allowed it, by the path of each approval, for whoever repeats this run. */
  approvals?: { [path: string]: Approvals };
}
/** The votes for an approval. */
export interface Approvals {
  votes: Omit<Vote, 'comment' | 'values' | 'why'>[];
  /** Others were asked too. */
  escalated?: boolean;
}
/** Items that were done, as ranges, and what those of them hand on that is still read. */
export interface CopiedItems {
  count: number;
  succeeded: string;
  skipped: string;
  outputs?: { [index: string]: Outputs };
  /** What `forEach.key` names those items that are shown. */
  keys?: { [index: string]: string };
}
export interface Failure {
  reason: string;
  message: string;
  exitCode?: number;
}

type FieldsOf<T extends HistoryEventType> = Exclude<keyof Extract<HistoryEvent, { type: T }>, 'type' | 't'>;
type EventTable = {
  readonly [T in HistoryEventType]: { readonly code: string; readonly fields: readonly FieldsOf<T>[] };
};

export const EVENTS: EventTable = {
  Accepted: { code: 'A', fields: ['at', 'stateVersion', 'digest', 'parameters', 'flags', 'carried'] },
  DesiredStateChanged: { code: 'D', fields: ['desired'] },
  Expanded: { code: 'E', fields: ['path', 'count'] },
  Started: { code: 'S', fields: ['path', 'attempt', 'adopted', 'key'] },
  Held: { code: 'P', fields: ['path', 'reason'] },
  Succeeded: { code: 'O', fields: ['path', 'outputs', 'keep', 'ran', 'from', 'hint', 'page'] },
  Opened: { code: 'N', fields: ['path', 'params', 'generated'] },
  Iterated: { code: 'I', fields: ['path', 'index', 'state', 'due', 'keep'] },
  Slept: { code: 'W', fields: ['path', 'wake'] },
  Copied: { code: 'Y', fields: ['from', 'tasks', 'repeated'] },
  HandedOn: { code: 'y', fields: ['path', 'outputs', 'rest', 'page'] },
  Retrying: { code: 'R', fields: ['path', 'cause', 'wake', 'failure', 'ran', 'node'] },
  Stopping: { code: 'T', fields: ['path', 'reason', 'message'] },
  Failed: { code: 'F', fields: ['path', 'failure', 'ran', 'keep'] },
  Skipped: { code: 'K', fields: ['path', 'reason', 'message'] },
  Cancelled: { code: 'C', fields: ['path', 'reason', 'message'] },
  OutputsReleased: { code: 'L', fields: ['tasks'] },
  Responded: { code: 'V', fields: ['path', 'votes'] },
  Escalated: { code: 'G', fields: ['path'] },
  Judged: {
    code: 'J',
    fields: ['uid', 'phase', 'reason', 'path', 'message', 'decision', 'sender', 'object'],
  },
  Acknowledged: { code: 'Q', fields: ['uids'] },
  Identified: { code: 'U', fields: ['objects', 'flags'] },
  Continuing: { code: 'H', fields: ['index', 'parameters'] },
  NotContinued: { code: 'B', fields: ['message'] },
  RunStopping: { code: 'X', fields: ['reason', 'message'] },
  Settled: { code: 'M', fields: ['phase', 'reason', 'message'] },
  Finished: { code: 'Z', fields: ['phase', 'reason', 'message'] },
};

const BY_CODE = new Map(Object.entries(EVENTS).map(([type, { code, fields }]) => [code, { type, fields }]));

/** The tuple of an event: trailing absent fields are dropped, absent ones in between are null. */
export function encodeEvent(event: HistoryEvent): string {
  const { code, fields } = EVENTS[event.type];
  const values = (fields as readonly string[]).map(
    (field) => (event as unknown as Record<string, unknown>)[field] ?? null,
  );
  while (values.length > 0 && values.at(-1) === null) values.pop();
  return JSON.stringify([code, event.t, ...values]);
}

/**
 * The event of a tuple.
 * @throws RangeError when the code is unknown: a newer operator wrote it, and nothing may be decided on it
 */
export function decodeEvent(tuple: readonly unknown[]): HistoryEvent {
  const [code, t, ...values] = tuple;
  const known = BY_CODE.get(String(code));
  if (!known)
    throw new RangeError(`event code ${JSON.stringify(code)} is unknown; a newer operator wrote this history`);
  const event: Record<string, unknown> = { type: known.type, t };
  known.fields.forEach((field, index) => {
    const value = values[index];
    if (value !== undefined && value !== null) event[field] = value;
  });
  return event as unknown as HistoryEvent;
}

/** Several events as the text that status.journal.tail and pages hold. */
export function encodeEvents(encoded: readonly string[]): string {
  return `[${encoded.join(',')}]`;
}

export function decodeEvents(text: string): HistoryEvent[] {
  return (JSON.parse(text) as unknown[][]).map(decodeEvent);
}
