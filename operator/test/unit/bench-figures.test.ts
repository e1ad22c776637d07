import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { coresOf, firstCores } from '../../hack/bench/cores.ts';
import { type Cost, costOf, inApiServers, unitsPer1000 } from '../../hack/bench/cost.ts';
import { GATES, type Results } from '../../hack/bench/gates.ts';
import type { OperatorFigures } from '../../hack/bench/measure.ts';
import { growthOf } from '../../hack/bench/queue-figures.ts';
import { diamondTable } from '../../hack/bench/report.ts';
import { applyTable, chainTable, libraryTable, memoryTable, queueTable } from '../../hack/bench/scenario-tables.ts';
import { work } from '../../hack/bench/unit/work.ts';
import { gateTable, verdictsOf } from '../../hack/bench/verdicts.ts';
import { COMPUTED, HELD, libraryOf, numbered, queueOf, templateOf, workflowOf } from '../../hack/bench/workflows.ts';
import type { FindTemplate } from '../../src/engine/index.ts';
import { validateTemplate, validateWorkflow } from '../../src/engine/validate/index.ts';

const cost = (changes: Partial<Cost> = {}): Cost => ({
  cpuSeconds: 8,
  apiServerCpuSeconds: 32,
  unitSeconds: 0.8,
  ...changes,
});
const figures = (changes: Partial<OperatorFigures> = {}): OperatorFigures => ({
  ...cost(),
  tasks: 2000,
  seconds: 30,
  requests: { counted: 7000, watches: 1, leases: 2, byRequest: [], refused: [] },
  requestsPerTask: 3.5,
  cpuPer1000Tasks: 4,
  peakMegabytes: 190,
  gcSeconds: 1,
  eventLoopP99Ms: 20,
  eventLoopMaxMs: 50,
  statusPatchesPerRun: 4,
  statusPatchMs: { median: 40, p99: 200 },
  objectBytes: { p95: 3000, max: 3100 },
  ...changes,
});
const times = (p50: number, p99 = p50) => ({ p50, p99, max: p99 });
const FULL: Results = {
  diamonds: [{ ado: figures(), floorSeconds: 20 }],
  deleted: figures({ requestsPerTask: 4.5 }),
  chain: { ado: figures({ tasks: 500 }), transitions: 450, transitionMs: times(30, 170), barePodMs: times(200) },
  apply: { applies: 200, applyMs: times(20, 45), barePodMs: times(60) },
  library: { ...cost({ cpuSeconds: 1.2 }), templates: 90, reconciles: 300 },
  queue: { runs: 500, short: 100, shortQueues: cost(), longQueue: cost({ cpuSeconds: 9 }) },
  memory: { kept: 10_000, held: 1000, residentMegabytes: 240, restartedMegabytes: 260, restartedPeakMegabytes: 300 },
};

/** The same measurement on a machine on which everything takes so many times as long. */
function slower(results: Results, factor: number): Results {
  const more = <T extends Cost>(of: T): T => ({
    ...of,
    cpuSeconds: of.cpuSeconds * factor,
    apiServerCpuSeconds: of.apiServerCpuSeconds * factor,
    unitSeconds: of.unitSeconds * factor,
  });
  const longer = (of: { p50: number; p99: number } | undefined) =>
    times((of?.p50 ?? 0) * factor, (of?.p99 ?? 0) * factor);
  const { diamonds = [], chain, apply, library, queue } = results;
  return {
    ...results,
    diamonds: diamonds.map(({ ado, floorSeconds = 0 }) => ({
      ado: more({ ...ado, seconds: ado.seconds * factor }),
      floorSeconds: floorSeconds * factor,
    })),
    chain: chain && { ...chain, transitionMs: longer(chain.transitionMs), barePodMs: longer(chain.barePodMs) },
    apply: apply && { ...apply, applyMs: longer(apply.applyMs), barePodMs: longer(apply.barePodMs) },
    library: library && more(library),
    queue: queue && { ...queue, shortQueues: more(queue.shortQueues), longQueue: more(queue.longQueue) },
  } as Results;
}

describe('CPU', () => {
  it('is told in shares of the API server and in units of work', () => {
    expect(inApiServers(cost())).toBe(0.25);
    expect(unitsPer1000(cost(), 2000)).toBe(5);
  });

  it('that has nothing to be compared with is an error, never a good figure', () => {
    expect(() => inApiServers(cost({ apiServerCpuSeconds: 0 }))).toThrow(RangeError);
    expect(() => unitsPer1000(cost({ unitSeconds: Number.NaN }), 1)).toThrow(RangeError);
    expect(() => unitsPer1000(cost(), 0)).toThrow(RangeError);
  });

  it('is taken out of what holds more', () => {
    expect(costOf(figures())).toEqual(cost());
  });

  it('of a long queue is told in that of as many runs in short queues', () => {
    expect(growthOf({ runs: 500, short: 100, shortQueues: cost(), longQueue: cost({ cpuSeconds: 10 }) })).toBe(1.25);
  });
});

describe('the unit of work', () => {
  it('is the same work each time, and none of it can be left out', () => {
    expect(work(3)).toBe(work(3));
    expect(work(3)).not.toBe(work(2));
  });
});

describe('the cores of a process', () => {
  it('are read as Linux writes them', () => {
    expect(coresOf('0-2,5')).toEqual([0, 1, 2, 5]);
    expect(coresOf('3')).toEqual([3]);
    expect(() => coresOf('')).toThrow('is no list of cores');
  });

  it('are the first ones that may be used, as many as are asked for', () => {
    expect(firstCores([1, 3, 5], 2)).toEqual([1, 3]);
    expect(firstCores([1, 3], undefined)).toEqual([1, 3]);
    expect(() => firstCores([0, 1], 4)).toThrow('--cpus: "4" is more than the 2 cores of this machine');
  });
});

describe('the gates', () => {
  it('have names of their own, and a goal within the gate', () => {
    expect(new Set(GATES.map(({ name }) => name)).size).toBe(GATES.length);
    expect(GATES.filter(({ goal, gate }) => goal > gate)).toEqual([]);
  });

  it('are those of the documentation', () => {
    const path = join(import.meta.dirname, '../../../docs/performance/benchmarks.md');
    const rows = [...readFileSync(path, 'utf8').matchAll(/^\| `([a-z0-9.-]+)` \|.*\| ≤ ([\d.]+) \| ≤ ([\d.]+) \|$/gm)];
    expect(rows.map(([, name, goal, gate]) => ({ name, goal: Number(goal), gate: Number(gate) }))).toEqual(
      GATES.map(({ name, goal, gate }) => ({ name, goal, gate })),
    );
  });

  it('judge only what was measured', () => {
    expect(verdictsOf({})).toEqual([]);
    expect(verdictsOf({ memory: FULL.memory! }).map(({ name }) => name)).toEqual(['memory.resident']);
    expect(verdictsOf(FULL).map(({ name }) => name)).toEqual(GATES.map(({ name }) => name));
  });

  it('judge no time without the bare pods that it is told in', () => {
    const chain = { ...FULL.chain!, barePodMs: undefined };
    expect(verdictsOf({ chain, diamonds: [{ ado: figures(), floorSeconds: undefined }] })).not.toContainEqual(
      expect.objectContaining({ name: expect.stringMatching(/^chain|floors/) }),
    );
  });

  it('say the same on a machine that takes 2.4 times as long', () => {
    expect(verdictsOf(slower(FULL, 2.4))).toEqual(verdictsOf(FULL));
  });

  it('tell a goal, a gate and neither apart, by the value as it is printed', () => {
    const resident = (megabytes: number) => ({ ...FULL.memory!, residentMegabytes: megabytes, restartedMegabytes: 0 });
    const verdicts = [249, 250.4, 251, 350.4, 351].map((megabytes) => verdictsOf({ memory: resident(megabytes) }));
    expect(verdicts.map(([first]) => first?.verdict)).toEqual(['goal', 'goal', 'gate', 'gate', 'missed']);
  });

  it('judge the memory by the larger of both operators', () => {
    expect(verdictsOf({ memory: FULL.memory! })[0]?.value).toBe(260);
  });

  it('are printed with their meaning, what was asked and a mark', () => {
    const lines = gateTable(verdictsOf(FULL)).split('\n');
    const line = lines.find((each) => each.includes('queue.growth'))?.replace(/ +/g, ' ');
    expect(line).toMatch(/^\| queue\.growth \| CPU per run .* \| 1\.13 \| ≤ 1\.1 \| ≤ 1\.25 \| ✓ gate met \|$/);
    const missed = { ...FULL.queue!, longQueue: cost({ cpuSeconds: 16 }) };
    expect(gateTable(verdictsOf({ queue: missed }))).toContain('✗ missed');
  });
});

describe('the tables of the scenarios', () => {
  it('have beside each figure in seconds one that moves with the machine', () => {
    const diamonds = diamondTable(FULL.diamonds!);
    for (const row of ['500 diamonds', 'in floors', 'operator CPU over API server CPU', 'units']) {
      expect(diamonds).toContain(row);
    }
    expect(chainTable(FULL.chain!)).toMatch(/transition p99, bare pods +\| 0\.85/);
    expect(applyTable(FULL.apply!)).toMatch(/apply to first pod p99, bare pods +\| 0\.75/);
    expect(libraryTable(FULL.library!)).toMatch(/per reconcile, ms +\| 4\.00/);
    expect(libraryTable(FULL.library!)).toMatch(/per 1,000 reconciles, units +\| 5\.00/);
    expect(queueTable(FULL.queue!)).toMatch(/per run, ms +\| 16\.00 +\| 18\.00/);
    expect(memoryTable(FULL.memory!)).toMatch(/1000 runs in progress, 10000 kept/);
  });

  it('leave out what was not measured', () => {
    expect(chainTable({ ...FULL.chain!, barePodMs: undefined })).not.toContain('bare');
    expect(diamondTable([{ ado: figures(), floorSeconds: undefined }])).not.toContain('floor');
  });
});

describe('the workflows that are measured', () => {
  const none = () => ({ problem: 'there is none' });

  it.each([
    ['computed', workflowOf('n', 'computed', COMPUTED)],
    ['held', workflowOf('n', 'held', HELD)],
    ['queue', queueOf('n', 'queue')],
  ])('are valid: %s', (_name, { spec }) => {
    expect(validateWorkflow(spec, none)).toEqual([]);
  });

  it('use each template of a library once, and are valid with it', () => {
    const names = Array.from({ length: 90 }, (_, index) => numbered('template', index));
    const { spec } = templateOf('n', 'any');
    expect(validateTemplate(spec, 'WorkflowTemplate', none)).toEqual([]);
    const { tasks, ...rest } = libraryOf('n', names).spec;
    expect(tasks.map(({ template }) => template?.name)).toEqual(names);
    const found: FindTemplate = (kind, name) =>
      kind === 'WorkflowTemplate' && names.includes(name) ? spec : { problem: 'there is none' };
    expect(validateWorkflow({ ...rest, tasks }, found)).toEqual([]);
  });

  it('hold one run, and only that with the parameter hold', () => {
    const { concurrency, tasks } = queueOf('n', 'queue').spec;
    expect(concurrency).toMatchObject({ limit: 1, key: 'params.queue' });
    expect(tasks[0]).toMatchObject({ when: 'params.hold' });
    expect(HELD.filter(({ waitForSignal }) => waitForSignal)).toHaveLength(1);
    expect([...COMPUTED, ...HELD].filter(({ run, container }) => run || container)).toEqual([]);
  });
});
