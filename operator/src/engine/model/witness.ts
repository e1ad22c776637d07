import type { HistoryEvent } from '../../api/index.ts';
import { type Plan, type PlannedTask, planGenerated, type ScopePlan } from '../plan/plan.ts';
import { AnswerWitness } from './answer-witness.ts';
import { endsInstead } from './chain-witness.ts';
import { WaitWitness } from './wait-witness.ts';

/** Something that must never be. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** A unit as its events tell of it. */
interface Seen {
  phase: 'Waiting' | 'Live' | 'Open' | 'Backoff' | 'Succeeded' | 'Failed' | 'Skipped' | 'Cancelled';
  attempt: number;
  retries: number;
  infra: number;
  /** The iteration of its loop. */
  iteration: number;
  end: number;
  /** Its next start was refused. */
  isHeld: boolean;
}

type EventOf<T extends HistoryEvent['type']> = Extract<HistoryEvent, { type: T }>;
type EndType = 'Succeeded' | 'Failed' | 'Skipped' | 'Cancelled';
type UnitEvent = Extract<HistoryEvent, { path: string }>;

function isAnswer(event: HistoryEvent): event is EventOf<'Responded' | 'Judged' | 'Escalated'> {
  return event.type === 'Responded' || event.type === 'Judged' || event.type === 'Escalated';
}

const OVER: ReadonlySet<Seen['phase']> = new Set(['Succeeded', 'Failed', 'Skipped', 'Cancelled']);
const MAX_INFRASTRUCTURE_FAILURES = 5;
const BEGINS: ReadonlySet<HistoryEvent['type']> = new Set([
  'Held',
  'Started',
  'Opened',
  'Slept',
  'Iterated',
  'Expanded',
]);

/** A path as the task that it belongs to: `ship/each[2]/3` is the iteration 3 of the item 2 of `each` in `ship`. */
interface Where {
  readonly scope: string;
  readonly name: string;
  readonly task: string;
  readonly isItem: boolean;
  readonly isIteration: boolean;
  /** The path without its iteration. */
  readonly unit: string;
}

/**
 * Reads the history of a run as it comes, knows the definition, and nothing of the engine's state: what the events say
 * must follow the rules by itself.
 */
export class Witness {
  /** Paths of the units that have a live attempt. */
  readonly live = new Set<string>();
  /** Those of them that only wait for people. */
  readonly #asking = new Set<string>();
  readonly waits = new WaitWitness();
  readonly #plan: Plan;
  readonly #units = new Map<string, Seen>();
  readonly #scopes = new Map<string, ScopePlan>();
  /** Units of which an attempt was found that no recorded decision had started: that is a fact, whatever its turn. */
  readonly #adopted = new Set<string>();
  readonly #undone: string[] = [];
  readonly #answers = new AnswerWitness();
  #settled: EventOf<'Settled'> | undefined;
  #finished: EventOf<'Finished'> | undefined;
  #stop: string | undefined;
  #desired = 'Running';
  #t = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#scopes.set('', plan);
  }

  see(event: HistoryEvent): void {
    if (this.#finished) throw violation(event, 'after the end of the run');
    if (event.t < this.#t) throw violation(event, 'before the event that it follows');
    this.#t = event.t;
    if (event.type === 'DesiredStateChanged') this.#desired = event.desired;
    if (event.type === 'RunStopping') this.#stop = event.reason;
    if (event.type === 'Settled') this.#settle(event);
    if (event.type === 'Finished') this.#finish(event);
    if (isAnswer(event)) return this.#seeAnswer(event);
    if ('path' in event) this.#seeUnit(event);
    else this.waits.see(event, undefined, undefined);
  }

  /** The run goes on from where it is as another one, which began so much later. */
  goOn(later: number): void {
    this.#finished = undefined;
    this.#desired = 'Running';
    this.#t = 0;
    for (const unit of this.#units.values()) unit.end -= later;
    this.waits.goOn(later);
  }

  #seeAnswer(event: EventOf<'Responded' | 'Judged' | 'Escalated'>): void {
    const problem = this.#answers.see(event, this.live.has(event.path ?? ''));
    if (problem !== undefined) throw violation(event, problem);
  }

  #settle(event: EventOf<'Settled'>): void {
    if (this.#settled) throw violation(event, 'twice');
    if (this.live.size > 0) throw violation(event, `while ${[...this.live]} live`);
    this.#settled = event;
    this.#stop = undefined;
  }

  #finish(event: EventOf<'Finished'>): void {
    if (this.live.size > 0) throw violation(event, `while ${[...this.live]} live`);
    const { phase, reason } = this.#settled ?? event;
    const isStopped = event.reason === 'Terminated' || event.reason === 'StatusTooLarge';
    const isSame = phase === event.phase && reason === event.reason;
    const isOther = event.reason === 'FinallyFailed' || (phase === 'Succeeded' && endsInstead(event.reason));
    if (!isSame && !isOther && !isStopped) throw violation(event, `after ${phase} ${reason}`);
    this.#finished = event;
  }

  #seeUnit(event: UnitEvent): void {
    const where = whereOf(event.path);
    const planned = this.#scopes.get(where.scope)?.tasks.get(where.name);
    if (!planned) throw violation(event, 'and no task of an open scope has this path');
    this.#isUnderWay(event, where);
    if (event.type === 'Started' && event.adopted) this.#adopted.add(event.path);
    if (BEGINS.has(event.type) && !this.#adopted.has(event.path)) this.#mayBegin(event, where, planned);
    this.#change(event, this.#unit(event.path), planned, where);
    const { defaults } = this.#scopes.get(where.scope) ?? {};
    const late = this.waits.see(
      event,
      where.isIteration ? { ...planned.task, timeout: undefined } : planned.task,
      defaults,
    );
    if (late !== undefined) throw violation(event, late);
  }

  /** What is over never changes, nor does anything in it. */
  #isUnderWay(event: UnitEvent, { isItem, isIteration, task, unit }: Where): void {
    const { phase } = this.#unit(event.path);
    if (OVER.has(phase)) throw violation(event, `and it was ${phase} already`);
    if (isItem && OVER.has(this.#unit(task).phase)) throw violation(event, 'and its task was over');
    if (isIteration && OVER.has(this.#unit(unit).phase)) throw violation(event, 'and its loop was over');
  }

  #change(event: UnitEvent, unit: Seen, planned: PlannedTask, where: Where): void {
    if (event.type === 'Started') this.#start(event, unit, planned, where);
    if (event.type === 'Held') this.#hold(event, unit);
    if (event.type === 'Retrying') this.#retry(event, unit, planned, where);
    if (event.type === 'Opened') this.#open(event, unit, planned, where);
    if (event.type === 'Iterated') this.#iterate(event, unit, planned);
    if (event.type === 'Slept' || event.type === 'Expanded') unit.phase = 'Open';
    if (event.type === 'Stopping' && unit.phase !== 'Live' && unit.phase !== 'Open') throw violation(event, unit.phase);
    if (event.type === 'Succeeded' && unit.phase === 'Live' && !this.#answers.mayHaveSucceeded(event.path, planned)) {
      throw violation(event, 'and too few have approved');
    }
    if (isEnd(event)) this.#end(event, unit);
  }

  #unit(path: string): Seen {
    let unit = this.#units.get(path);
    if (!unit) {
      unit = { phase: 'Waiting', attempt: -1, retries: 0, infra: 0, iteration: -1, end: 0, isHeld: false };
      this.#units.set(path, unit);
    }
    return unit;
  }

  /** Needs have ended, nothing stops, and it is its turn. */
  #mayBegin(event: UnitEvent, { scope, task }: Where, planned: PlannedTask): void {
    if (this.#stop !== undefined) throw violation(event, `while the run stops: ${this.#stop}`);
    const isNext = event.type === 'Iterated' && event.index > 0;
    if (this.#desired === 'Paused' && !isNext) throw violation(event, 'while the run is paused');
    if (scope !== '' && this.#unit(scope).phase !== 'Open') throw violation(event, 'in a scope that is not open');
    this.#checkNeeds(event, scope, planned);
    if (scope !== '') return;
    const isAfter = planned.role === 'Final' || planned.role === 'Undo';
    if (isAfter !== (this.#settled !== undefined)) throw violation(event, `${planned.role} out of its turn`);
    if (planned.role === 'Undo') this.#undo(event, task, planned.undoes ?? '');
  }

  #checkNeeds(event: UnitEvent, scope: string, { task, event: hook }: PlannedTask): void {
    for (const need of task.needs ?? []) {
      const { phase } = this.#unit(scope === '' ? need : `${scope}/${need}`);
      const isDue = OVER.has(phase) || (hook === 'Started' && phase !== 'Waiting');
      if (!isDue) throw violation(event, `and its need ${need} is ${phase}`);
    }
  }

  /** One after another, only what succeeded, and what ended last first. */
  #undo(event: UnitEvent, path: string, undoes: string): void {
    const last = this.#undone.at(-1);
    if (last === path) return;
    const { end } = this.#unit(undoes);
    if (!this.#isDone(undoes)) throw violation(event, `and ${undoes} has not succeeded`);
    if (last !== undefined) {
      const before = this.#unit(last);
      if (!OVER.has(before.phase)) throw violation(event, `before ${last} has ended`);
      if (this.#unit(last.slice(0, -'.undo'.length)).end < end)
        throw violation(event, `after ${last}, which ended before`);
    }
    this.#undone.push(path);
  }

  /** Whether there is something to undo: of a fan-out, any item. */
  #isDone(name: string): boolean {
    if (!this.#plan.tasks.get(name)?.task.forEach) return this.#unit(name).phase === 'Succeeded';
    return [...this.#units].some(
      ([path, { phase }]) => path.startsWith(`${name}[`) && !path.includes('/') && phase === 'Succeeded',
    );
  }

  #hold(event: EventOf<'Held'>, unit: Seen): void {
    if (unit.phase !== 'Waiting' && unit.phase !== 'Backoff') throw violation(event, `and it is ${unit.phase}`);
    unit.isHeld = true;
  }

  #start(event: EventOf<'Started'>, unit: Seen, planned: PlannedTask, where: Where): void {
    if (unit.phase !== 'Waiting' && unit.phase !== 'Backoff') throw violation(event, `and it is ${unit.phase}`);
    if (event.attempt !== unit.attempt + 1) throw violation(event, `after attempt ${unit.attempt}`);
    unit.phase = 'Live';
    unit.attempt = event.attempt;
    unit.isHeld = false;
    this.live.add(event.path);
    if (planned.backend === 'Signal') this.#asking.add(event.path);
    const limit = this.#plan.definition.parallelism ?? 100;
    if (event.adopted) return;
    const taken = this.live.size - this.#asking.size;
    if (planned.backend !== 'Signal' && taken > limit)
      throw violation(event, `and ${taken} live; parallelism is ${limit}`);
    const { parallelism } = planned.task.forEach ?? {};
    if (where.isItem && parallelism !== undefined) this.#checkItems(event, where, parallelism);
  }

  #checkItems(event: UnitEvent, { task }: Where, parallelism: number): void {
    const live = new Set(
      [...this.live]
        .filter((path) => path.startsWith(`${task}[`))
        .map((path) => path.slice(0, path.indexOf(']', task.length))),
    );
    if (live.size > parallelism)
      throw violation(event, `and ${live.size} items live; its parallelism is ${parallelism}`);
  }

  #retry(event: EventOf<'Retrying'>, unit: Seen, planned: PlannedTask, { scope }: Where): void {
    if (unit.phase !== 'Live' && !unit.isHeld) throw violation(event, `and it is ${unit.phase}`);
    unit.phase = 'Backoff';
    unit.isHeld = false;
    this.live.delete(event.path);
    if (event.cause === 'User') unit.retries++;
    else unit.infra++;
    const limit = (planned.task.retry ?? this.#scopes.get(scope)?.defaults?.retry)?.limit ?? 0;
    if (unit.retries > limit) throw violation(event, `the limit is ${limit}`);
    if (unit.infra > MAX_INFRASTRUCTURE_FAILURES) throw violation(event, 'for the infrastructure, too often');
  }

  #open(event: EventOf<'Opened'>, unit: Seen, planned: PlannedTask, { scope }: Where): void {
    if (unit.phase !== 'Waiting') throw violation(event, `and it is ${unit.phase}`);
    unit.phase = 'Open';
    const around = this.#scopes.get(scope);
    const inside = event.generated && around ? planGenerated(this.#plan, around, event.generated) : planned.body;
    if (!inside) throw violation(event, 'and there is no such template');
    this.#scopes.set(event.path, inside);
  }

  #iterate(event: EventOf<'Iterated'>, unit: Seen, { task }: PlannedTask): void {
    const { iteration } = unit;
    if (event.index !== iteration + 1) throw violation(event, `after iteration ${iteration}`);
    if (event.index >= (task.loop?.maxIterations ?? 100)) throw violation(event, 'the loop has no more iterations');
    const before = this.#unit(`${event.path}/${iteration}`);
    if (iteration >= 0 && !OVER.has(before.phase))
      throw violation(event, `and iteration ${iteration} is ${before.phase}`);
    unit.iteration = event.index;
    unit.phase = 'Open';
  }

  #end(event: EventOf<EndType>, unit: Seen): void {
    if (event.type === 'Skipped' && unit.phase !== 'Waiting') throw violation(event, `and it is ${unit.phase}`);
    this.live.delete(event.path);
    this.#asking.delete(event.path);
    const inside = [...this.live].find(
      (path) => path.startsWith(`${event.path}/`) || path.startsWith(`${event.path}[`),
    );
    if (inside) throw violation(event, `while ${inside} lives`);
    unit.phase = event.type;
    unit.end = event.t;
  }

  /** The run is over: what comes after the tasks has come, unless it was terminated. */
  end(): void {
    if (!this.#finished) throw new Violation('the run is over without an end');
    const { reason, phase } = this.#finished;
    if (reason === 'Terminated' || reason === 'StatusTooLarge') return;
    const result = this.#settled?.phase ?? (endsInstead(reason) ? 'Succeeded' : phase);
    const isUndone = this.#plan.definition.compensate?.some((each) => each === result) ?? false;
    for (const [name, { role, undoes = '' }] of this.#plan.tasks) {
      const { phase: own } = this.#unit(name);
      const isDue = role === 'Final' || (role === 'Undo' && isUndone && this.#isDone(undoes));
      if (isDue && !OVER.has(own)) throw new Violation(`the run is over (${reason}), and ${name} is ${own}`);
      if (role === 'Undo' && !isUndone && own !== 'Waiting')
        throw new Violation(`${name} is ${own} in a run that ${result}`);
    }
  }
}

function violation(event: HistoryEvent, why: string): Violation {
  return new Violation(
    `${event.type} ${'path' in event ? event.path : ''} at ${event.t}, ${why}: ${JSON.stringify(event)}`,
  );
}

function isEnd(event: UnitEvent): event is EventOf<EndType> {
  return OVER.has(event.type as Seen['phase']);
}

const LAST = /^(?:(.*)\/)?([a-z][^/[]*)(\[\d+\])?(\/\d+)?$/;

function whereOf(path: string): Where {
  const [, scope = '', name = '', item = '', iteration = ''] = LAST.exec(path) ?? [];
  const task = scope === '' ? name : `${scope}/${name}`;
  return { scope, name, task, isItem: item !== '', isIteration: iteration !== '', unit: task + item };
}
