import { setTimeout as sleep } from 'node:timers/promises';
import { decodeEvents, type WorkflowRun } from '../../src/api/index.ts';
import { metricOf } from '../bench/metrics-text.ts';
import { type Stage, until } from '../bench/stage.ts';
import { Actors } from './actors.ts';
import type { SoakArguments } from './arguments.ts';
import type { KilledOperator } from './killed-operator.ts';
import { SlotLedger } from './ledger.ts';
import { type Sample, slopeOf } from './slope.ts';
import { asking, LAST, listener, PERIOD_MS, tick } from './workflows.ts';

/** How often the actors do what they do, in seconds. */
const ASK_EVERY_S = 60;
const ANSWER_EVERY_S = 5;
const LOOK_EVERY_S = 5;
const TELL_EVERY_S = 60;
const KILL_S = { least: 15, most: 45 };
/** Memory of a process that has just begun says nothing of its slope. */
const WARM_MS = 120_000;
const MIB = 1024 * 1024;
/** Slots that may be under way when it ends. */
const LATE_MS = 3 * PERIOD_MS;

/** What it came to. */
export interface Soaked {
  readonly minutes: number;
  readonly kills: number;
  readonly slots: number;
  readonly signals: number;
  readonly links: number;
  readonly approvals: number;
  readonly memoryMiB: string;
  readonly slopeMiBPerHour: string;
  readonly problems: readonly string[];
}

/** One long run of everything at once. */
export class Soak {
  readonly #stage: Stage;
  readonly #options: SoakArguments;
  readonly #note: (text: string) => void;
  readonly #ledger = new SlotLedger();
  readonly #samples: Sample[] = [];
  #kills = 0;

  constructor(stage: Stage, options: SoakArguments, note: (text: string) => void) {
    this.#stage = stage;
    this.#options = options;
    this.#note = note;
  }

  async run(): Promise<Soaked> {
    const namespace = await this.#stage.namespace();
    const actors = new Actors(this.#stage.client, namespace);
    const operator = await this.#stage.killedOperator();
    try {
      for (const make of [listener, asking, tick]) await this.#stage.ready(make(namespace));
      await actors.startRun('listener', 'listener');
      await this.#live(actors, operator);
      return await this.#judge(actors);
    } finally {
      await operator.stop();
    }
  }

  /** A second at a time: what takes longer makes that second longer, and no two things happen at once. */
  async #live(actors: Actors, operator: KilledOperator): Promise<void> {
    const { minutes, quiet } = this.#options;
    let nextKill = KILL_S.most;
    const started = performance.now();
    const elapsed = () => (performance.now() - started) / 1000;
    for (let second = 0; second < minutes * 60; second++) {
      await actors.send();
      if (second % ASK_EVERY_S === 0) await actors.ask();
      if (second % ANSWER_EVERY_S === 0) await actors.answer();
      if (second % LOOK_EVERY_S === 0) this.#ledger.see(await actors.runsOf('tick'));
      if (second % TELL_EVERY_S === 0) this.#note(`${second / 60} of ${minutes} min, ${this.#kills} kills`);
      const isQuiet = second >= (minutes - quiet) * 60;
      if (isQuiet && second % LOOK_EVERY_S === 0) await this.#sample(operator);
      if (!isQuiet && second >= nextKill) {
        nextKill = second + KILL_S.least + Math.floor(Math.random() * (KILL_S.most - KILL_S.least));
        this.#kills++;
        await operator.kill();
      }
      await sleep(Math.max(0, (second + 1 - elapsed()) * 1000));
    }
  }

  async #sample(operator: KilledOperator): Promise<void> {
    const bytes = metricOf(await operator.scrape(), 'process_resident_memory_bytes');
    if (bytes !== undefined) this.#samples.push({ ms: performance.now(), bytes });
  }

  async #judge(actors: Actors): Promise<Soaked> {
    const problems: string[] = [];
    const { sent } = actors;
    await actors.send(LAST);
    await until(
      'the listener has ended',
      async () => (await actors.newestListener()).status?.phase === 'Succeeded',
      180,
    );
    problems.push(...listenerProblems(await actors.newestListener(), sent));
    await actors.answer();
    await until('all approvals have ended', () => this.#allAnswered(actors), 180);
    const end = Date.now() - LATE_MS;
    this.#ledger.see(await actors.runsOf('tick'));
    const { slots, missing, twice, failed } = this.#ledger.report(end);
    if (missing.length > 0) problems.push(`slots without a run: ${missing.join(', ')}`);
    if (twice.length > 0) problems.push(`slots with two runs: ${twice.join(', ')}`);
    if (failed.length > 0) problems.push(`runs that did not end well: ${failed.join(', ')}`);
    const warm = this.#samples.filter(({ ms }) => ms >= (this.#samples[0]?.ms ?? 0) + WARM_MS);
    const links = (await actors.newestListener()).spec.continues?.index ?? 0;
    return {
      minutes: this.#options.minutes,
      kills: this.#kills,
      slots,
      signals: sent,
      links,
      approvals: actors.asked,
      memoryMiB: warm.length > 0 ? (Math.max(...warm.map(({ bytes }) => bytes)) / MIB).toFixed(0) : 'not watched',
      slopeMiBPerHour: warm.length > 1 ? (slopeOf(warm) / MIB).toFixed(1) : 'not watched',
      problems,
    };
  }

  async #allAnswered(actors: Actors): Promise<boolean> {
    await actors.answer();
    return (await actors.runsOf('asking')).every(({ status }) => status?.phase === 'Succeeded');
  }
}

/** The listener's own account of what it took: the last number, and how often one did not follow the one before. */
function listenerProblems({ status }: WorkflowRun, sent: number): string[] {
  const events = decodeEvents(status?.journal?.tail ?? '[]');
  const end = events.find((event) => event.type === 'Succeeded' && event.path === 'take');
  const outputs = end?.type === 'Succeeded' ? end.outputs : undefined;
  if (outputs?.last === sent && outputs.gaps === 0) return [];
  return [`of ${sent} signals the listener tells: ${JSON.stringify(outputs)}`];
}
