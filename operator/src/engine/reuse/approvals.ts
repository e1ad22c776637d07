import type { Approvals, HistoryEvent, Task, Vote } from '../../api/index.ts';
import type { RunIdentity } from '../bindings/bindings.ts';
import { type Plan, type PlannedTask, planGenerated, type ScopePlan } from '../plan/plan.ts';
import { askingOf, eligibilityOf, tally } from '../signals/asking.ts';
import { parseSegments } from '../state/paths.ts';
import { insideOf, type KnownBodies } from './inside.ts';

/** What a history says of a task of the run that asks, or may. */
export interface Answered {
  /** By path, each with the task that asked, where that is known. */
  readonly approvals: Map<string, { readonly task: Task | undefined; readonly given: Approvals }>;
  /** The end of the task, or of one of its items, is on record: then all answers before it are too. */
  hasEnded: boolean;
  /** It generated tasks that start runs, of which nothing is known here. */
  startsRuns: boolean;
}

/** What people have answered in each task of the run, as its history says. */
export function answeredIn(plan: Plan, events: readonly HistoryEvent[]): ReadonlyMap<string, Answered> {
  const reading: Reading = {
    plan,
    tasks: new Map(),
    asked: new Map(),
    generated: new Map(),
    known: new Map(),
  };
  for (const event of events) takeIn(reading, event);
  return reading.tasks;
}

/** Why the answers on record do not allow a task for this run; nothing where they do. */
export function reasonNotAllowed(answered: Answered | undefined, identity: RunIdentity): string | undefined {
  if (!answered?.hasEnded) return 'its answers are no longer on record';
  if (answered.startsRuns) return 'its generated tasks start runs of other Workflows';
  const isAllowed = [...answered.approvals.values()].every(({ task, given }) => allows(task, given, identity));
  return isAllowed ? undefined : 'the answers on record do not approve this run';
}

/** Whether the votes approve for a run; each of them is judged for it. */
function allows(task: Task | undefined, { votes, escalated }: Approvals, identity: RunIdentity): boolean {
  if (!task) return false;
  const ask = { votes: [...votes], values: {}, ...(escalated ? { escalatedAt: 0 } : {}) };
  const asking = askingOf(task, ask);
  const counting = votes.filter(({ username, group, unattested }) => {
    const user = { username, groups: group === undefined ? [] : [group], attested: unattested !== true };
    return !('void' in eligibilityOf(asking, identity, user));
  });
  return tally({ ...ask, votes: counting }).approvers.length >= asking.needed;
}

interface Reading {
  readonly plan: Plan;
  readonly tasks: Map<string, Answered>;
  /** Votes by the path of what was asked, also of what has not ended. */
  readonly asked: Map<string, Approvals>;
  /** Graphs of generated tasks, by the path of the unit that holds them. */
  readonly generated: Map<string, ScopePlan>;
  readonly known: KnownBodies;
}

function takeIn(reading: Reading, event: HistoryEvent): void {
  if (event.type === 'Opened' && event.generated) return takeGenerated(reading, event.path, event.generated);
  if (event.type === 'Responded') askedAt(reading, event.path).votes.push(...event.votes.flatMap(approving));
  if (event.type === 'Escalated') askedAt(reading, event.path).escalated = true;
  if (event.type === 'Succeeded') return takeEnd(reading, event.path);
  if (event.type !== 'Copied') return;
  for (const [name, { approvals }] of Object.entries(event.tasks)) {
    if (!approvals) continue;
    const answered = answeredOf(reading, name);
    answered.hasEnded = true;
    for (const [path, given] of Object.entries(approvals)) {
      answered.approvals.set(path, { task: placeAt(reading, path)?.planned.task, given });
    }
  }
}

function takeGenerated(reading: Reading, path: string, tasks: readonly Task[]): void {
  const around = placeAt(reading, path)?.scope;
  if (!around) return;
  const { plan, known } = reading;
  reading.generated.set(path, planGenerated(plan, around, tasks));
  const inside = tasks.map((task) => insideOf(plan.definition, task, around.defaults, known));
  if (inside.some(({ workflows }) => workflows.size > 0)) answeredOf(reading, path).startsRuns = true;
}

function takeEnd(reading: Reading, path: string): void {
  if (!path.includes('/')) answeredOf(reading, path).hasEnded = true;
  const task = placeAt(reading, path)?.planned.task;
  if (task?.approval && isAsked(task, path))
    answeredOf(reading, path).approvals.set(path, { task, given: askedAt(reading, path) });
}

/** Whether what stands at the path asks itself: not a fan-out or loop of what does. */
function isAsked({ forEach, loop }: Task, path: string): boolean {
  const last = parseSegments(path).at(-1);
  if (loop) return last?.iteration !== undefined;
  return !forEach || (last?.name !== undefined && last.index !== undefined);
}

/** What a vote says that counts, without what only people read. */
function approving({ comment: _remark, values: _form, why: _reason, ...vote }: Vote): Approvals['votes'] {
  return vote.void === undefined && vote.decision === 'Approve' ? [vote] : [];
}

function askedAt({ asked }: Reading, path: string): Approvals {
  const known = asked.get(path) ?? { votes: [] };
  asked.set(path, known);
  return known;
}

function answeredOf({ tasks }: Reading, path: string): Answered {
  const name = parseSegments(path)[0]?.name ?? '';
  const known = tasks.get(name) ?? { approvals: new Map(), hasEnded: false, startsRuns: false };
  tasks.set(name, known);
  return known;
}

/** The task of a path, and the graph that it stands in; nothing where that was generated and is not known. */
function placeAt({ plan, generated }: Reading, path: string): { planned: PlannedTask; scope: ScopePlan } | undefined {
  let scope: ScopePlan | undefined = plan;
  let found: { planned: PlannedTask; scope: ScopePlan } | undefined;
  let walked = '';
  for (const text of path.split('/')) {
    walked = walked === '' ? text : `${walked}/${text}`;
    const name = parseSegments(text)[0]?.name;
    if (name !== undefined) {
      const planned: PlannedTask | undefined = scope?.tasks.get(name);
      if (!scope || !planned) return undefined;
      found = { planned, scope };
    }
    scope = generated.get(walked) ?? found?.planned.body;
  }
  return found;
}
