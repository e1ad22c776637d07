/** Runs that are simulated for the recorded histories: what a real cluster would take long to show in one run. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Definition, Task } from '../../src/api/index.ts';
import { type Fate, Simulation, type SimulationOptions } from '../../src/engine/testing/simulation.ts';
import { FOLDER, type RecordedHistory } from './histories.ts';

interface Simulated {
  readonly definition: Definition;
  readonly fates?: Readonly<Record<string, Fate>>;
  /** What it takes over from another run, and how much of what tasks hand on its state holds itself. */
  readonly options?: Pick<SimulationOptions, 'copied' | 'earlier' | 'shareBytes'>;
  /** Something that people do after so many passes. */
  readonly meanwhile?: (simulation: Simulation, pass: number) => void;
  /** After so many passes it is recorded as it stands, under way. */
  readonly passes?: number;
}

const task = (name: string, rest: Partial<Task> = {}): Task => ({ name, run: 'true', ...rest });
const of = (tasks: Task[], rest: Partial<Definition> = {}): Definition => ({
  defaults: { image: 'busybox' },
  tasks,
  ...rest,
});
const V = [{ name: 'v', type: 'Integer' as const }];
const FAILED: Fate = { end: 'Failed' };
const filled = (name: string | number) => `${name}-`.padEnd(300, 'x');
const AGAIN = [7, 27, 47];

export const SIMULATED: Readonly<Record<string, Simulated>> = {
  'template-in-a-loop': {
    definition: of(
      [
        {
          name: 'poll',
          template: { name: 'check', kind: 'Local' },
          with: { n: '${{ state.n }}' },
          loop: { state: { n: '1' }, next: { n: 'state.n * 2' }, until: 'state.n > 4', delay: '1s', keepLast: 1 },
        },
        task('use', { needs: ['poll'], when: 'tasks.poll.outputs.n == 8' }),
      ],
      {
        library: {
          'Local/check@': {
            parameters: [{ name: 'n', type: 'Integer' }],
            tasks: [task('ask', { outputs: V, retry: { limit: 1 } }), task('tell', { needs: ['ask'] })],
            outputs: [{ name: 'v', type: 'Integer', value: 'tasks.ask.outputs.v + params.n' }],
          },
        },
      },
    ),
    fates: {
      'poll/0/ask': { end: 'Succeeded', outputs: 'v=1' },
      'poll/1/ask#0': FAILED,
      'poll/1/ask': { end: 'Succeeded', outputs: 'v=2' },
      'poll/2/ask': { end: 'Succeeded', outputs: 'v=3' },
    },
  },
  'generated-tasks-and-a-matrix': {
    definition: of([
      {
        name: 'expand',
        generate: { tasks: "['x', 'y'].map(n, {'name': n, 'run': 'true', 'outputs': [{'name': 'v'}]})" },
      },
      task('build', {
        needs: ['expand'],
        forEach: {
          matrix: { axes: { os: ['a', 'b'], arch: [1, 2] }, exclude: [{ os: 'b', arch: 2 }] },
          failFast: true,
        },
        when: "tasks.expand.outputs.x.v == '1' && item.arch > 0",
        onFailure: 'Continue',
      }),
    ]),
    fates: { 'expand/x': { end: 'Succeeded', outputs: 'v=1' }, 'build[1]': FAILED, 'build[2]': { end: 'Never' } },
  },
  'undo-and-finally': {
    definition: of(
      [
        task('a', { undo: { run: 'true' }, hooks: [{ event: 'Succeeded', run: 'true' }] }),
        task('b', { needs: ['a'], undo: { run: 'true', retry: { limit: 1 } } }),
        task('c', { needs: ['b'] }),
      ],
      { compensate: ['Failed'], finally: [task('last', { env: { WHY: '${{ run.reason }}' } })] },
    ),
    fates: { c: FAILED, 'b.undo#0': FAILED },
  },
  'a-sleep-and-a-pause': {
    definition: of(
      [{ name: 'nap', sleep: { duration: '30s' } }, task('a', { needs: ['nap'] }), task('b', { timeout: '20s' })],
      {
        timeout: '1h',
      },
    ),
    fates: { b: { end: 'Never' } },
    meanwhile: (simulation, pass) => {
      if (pass === 1) simulation.desiredState = 'Paused';
      if (pass === 3) simulation.desiredState = 'Running';
    },
  },
  'starts-that-are-refused': {
    definition: of(
      [
        task('each', { forEach: { items: [1, 2, 3], parallelism: 2 }, pendingTimeout: '10m' }),
        task('again', { pendingTimeout: '1s', retry: { limit: 3, backoff: { duration: '1s' } } }),
      ],
      { timeout: '1h' },
    ),
    fates: {
      'each[0]': { end: 'Refused', reason: 'Quota', untilMs: 1500 },
      'each[1]': { end: 'Refused', reason: 'Quota' },
      again: { end: 'Refused', reason: 'SemaphoreNotFound' },
    },
    meanwhile: (simulation, pass) => {
      if (pass === 3) simulation.desiredState = 'Paused';
      if (pass === 4) simulation.desiredState = 'Running';
    },
    passes: 5,
  },
  'a-retry-with-outputs-by-their-place': {
    definition: of(
      [
        task('plan', { outputs: [{ name: 'v' }] }),
        task('shard', { needs: ['plan'], outputs: [{ name: 'v' }], forEach: { sequence: { to: 59 } } }),
        task('join', {
          needs: ['shard'],
          env: { ALL: '${{ tasks.shard.outputs.map(o, o.v.size()) }}', PLAN: '${{ tasks.plan.outputs.v }}' },
        }),
      ],
      { parallelism: 100 },
    ),
    options: {
      copied: {
        type: 'Copied',
        t: 0,
        from: 'first',
        tasks: {
          plan: { phase: 'Succeeded', outputs: { v: filled('') } },
          shard: { phase: 'Partly', items: { count: 60, succeeded: '0-6,8-26,28-46,48-59', skipped: '' }, later: true },
        },
      },
      earlier: { outputs: new Map(Array.from({ length: 60 }, (_, n) => [`shard[${n}]`, { v: filled(n) }])) },
      shareBytes: 4096,
    },
    fates: Object.fromEntries(
      AGAIN.map((n, index) => {
        return [`shard[${n}]`, { end: 'Succeeded', outputs: `v=${filled(n)}`, afterMs: index === 0 ? 1800 : 1900 }];
      }),
    ),
    passes: 3,
  },
};

/** Simulates a run to its end, or as far as it is to be recorded. */
export function simulate({ definition, fates = {}, options, meanwhile, passes }: Simulated): RecordedHistory {
  const fate = (path: string, attempt: number): Fate =>
    fates[`${path}#${attempt}`] ?? fates[path] ?? { end: 'Succeeded' };
  const simulation = new Simulation(definition, { ...options, fate });
  for (let pass = 0; !simulation.state.finished && pass !== passes; pass++) {
    if (pass > 100) throw new Error('the run does not end');
    meanwhile?.(simulation, pass);
    const decision = simulation.pass();
    if (!decision.more && !decision.state.finished) simulation.now = simulation.nextMoment(decision);
  }
  const { stored, pages, plan } = simulation;
  const history = pages.pages.map(({ firstSeq, events }) => ({ firstSeq, events }));
  return { definition, digest: plan.digest, history, tail: pages.tail, state: stored };
}

/** Writes those that are asked for by name into the folder of recorded histories. */
export function recordSimulated(names: readonly string[]): void {
  for (const name of names) {
    const recorded = simulate(SIMULATED[name] as Simulated);
    writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify(recorded, null, 2)}\n`);
  }
}
