import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readArguments } from '../../hack/bench/arguments.ts';
import { type AuditRecord, microseconds, parseAuditLine, serverTimes, tallyOf } from '../../hack/bench/audit.ts';
import { AuditLog } from '../../hack/bench/audit-log.ts';
import { metricOf, sumOf } from '../../hack/bench/metrics-text.ts';
import { podTimes, transitionTimes } from '../../hack/bench/pod-times.ts';
import { table } from '../../hack/bench/report.ts';
import { chunksOf, median, percentile, percentilesOf, spreadOf } from '../../hack/bench/statistics.ts';
import { chainOf } from '../../hack/bench/workflows.ts';

const logged = {
  kind: 'Event',
  level: 'Metadata',
  stage: 'ResponseComplete',
  requestURI: '/apis/flow.ado.dev/v1alpha1/namespaces/n/workflowruns/r/status?fieldManager=ado-operator',
  verb: 'patch',
  user: { username: 'operator' },
  objectRef: { resource: 'workflowruns', subresource: 'status', namespace: 'n', name: 'r', apiGroup: 'flow.ado.dev' },
  responseStatus: { metadata: {}, code: 200 },
  requestReceivedTimestamp: '2026-01-02T03:04:05.000250Z',
  stageTimestamp: '2026-01-02T03:04:05.012750Z',
};
const parse = (changes: object = {}) => parseAuditLine(JSON.stringify({ ...logged, ...changes }));

const record = (changes: Partial<AuditRecord> = {}): AuditRecord => ({
  user: 'u',
  verb: 'create',
  resource: 'pods',
  namespace: 'n',
  name: '',
  dryRun: false,
  code: 201,
  received: 0,
  answered: 0,
  ...changes,
});

describe('a percentile', () => {
  it('is the value of the nearest rank', () => {
    const values = [5, 1, 4, 2, 3];
    expect(percentile(values, 0.5)).toBe(3);
    expect(percentile(values, 0.95)).toBe(5);
    expect(percentile(values, 0)).toBe(1);
    expect(
      percentile(
        Array.from({ length: 100 }, (_, index) => index + 1),
        0.99,
      ),
    ).toBe(99);
  });

  it('is always one of the values, and the share of values above it is small enough', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), share, (values, part) => {
        const found = percentile(values, part);
        expect(values).toContain(found);
        const above = values.filter((value) => value > found).length;
        expect(above).toBeLessThanOrEqual(values.length * (1 - part) + 1e-9);
      }),
    );
  });

  it('of nothing is an error, never a good figure', () => {
    expect(() => percentile([], 0.5)).toThrow(RangeError);
    expect(() => median([])).toThrow(RangeError);
    expect(() => percentilesOf([])).toThrow(RangeError);
  });
});

describe('a spread', () => {
  it('has the middle of an odd number and the mean of the middle two of an even one', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 });
    expect(spreadOf([4, 1, 2, 3])).toEqual({ min: 1, median: 2.5, max: 4 });
    expect(spreadOf([7])).toEqual({ min: 7, median: 7, max: 7 });
  });
});

describe('a count in parts', () => {
  it('has whole parts and a rest', () => {
    expect(chunksOf(2300, 1000)).toEqual([1000, 1000, 300]);
    expect(chunksOf(1000, 1000)).toEqual([1000]);
    expect(chunksOf(3, 1000)).toEqual([3]);
  });
});

describe('a line of the audit log', () => {
  it('says who asked for what, and when to the microsecond', () => {
    expect(parse()).toEqual({
      user: 'operator',
      verb: 'patch',
      resource: 'workflowruns/status',
      namespace: 'n',
      name: 'r',
      dryRun: false,
      code: 200,
      received: Date.UTC(2026, 0, 2, 3, 4, 5) + 0.25,
      answered: Date.UTC(2026, 0, 2, 3, 4, 5) + 12.75,
    });
  });

  it('counts a request when it is answered, and a watch when it begins', () => {
    expect(parse({ stage: 'RequestReceived' })).toBeUndefined();
    expect(parse({ stage: 'ResponseStarted' })).toBeUndefined();
    expect(parse({ stage: 'Panic' })).toBeDefined();
    expect(parse({ verb: 'watch', stage: 'ResponseStarted' })).toBeDefined();
    expect(parse({ verb: 'watch', stage: 'ResponseComplete' })).toBeUndefined();
  });

  it('tells a dry run from a write', () => {
    expect(parse({ requestURI: '/api/v1/namespaces/n/pods?fieldManager=x&dryRun=All' })?.dryRun).toBe(true);
    expect(parse({ requestURI: '/api/v1/namespaces/n/pods?fieldManager=dryRun' })?.dryRun).toBe(false);
  });

  it('may be of a path that is no resource', () => {
    expect(parse({ objectRef: undefined, verb: 'get', requestURI: '/version' })).toMatchObject({
      resource: '',
      name: '',
    });
  });

  it('may have a time without a fraction', () => {
    expect(microseconds('1970-01-01T00:00:01Z')).toBe(1000);
    expect(microseconds('yesterday')).toBeNaN();
  });
});

describe('a tally of requests', () => {
  it('counts everything but leases and watches, and says what was refused', () => {
    const tally = tallyOf([
      record(),
      record(),
      record({ code: 409 }),
      record({ dryRun: true }),
      record({ resource: 'events' }),
      record({ verb: 'update', resource: 'leases' }),
      record({ verb: 'watch', resource: 'leases' }),
      record({ verb: 'watch', code: 200 }),
    ]);
    expect(tally).toEqual({
      counted: 5,
      leases: 2,
      watches: 1,
      byRequest: [
        ['create pods', 3],
        ['create events', 1],
        ['create pods (dry run)', 1],
      ],
      refused: [['409 create pods', 1]],
    });
  });
});

describe('the time in the API server', () => {
  it('is that of the successful requests of a kind', () => {
    const patch = { verb: 'patch', resource: 'workflowruns/status', code: 200 };
    const records = [
      record({ ...patch, received: 1, answered: 4 }),
      record({ ...patch, received: 1, answered: 9, code: 422 }),
      record({ received: 1, answered: 7 }),
    ];
    expect(serverTimes(records, 'patch', 'workflowruns/status')).toEqual([3]);
  });
});

describe('a transition', () => {
  const ended = (name: string, received: number) =>
    record({ verb: 'patch', resource: 'pods/status', code: 200, name, received });

  it('goes from the last status of the last parent to the first create of the child', () => {
    const records = [
      ended('b', 10),
      ended('b', 1000),
      ended('c', 1040),
      record({ name: 'd', received: 900, dryRun: true }),
      record({ name: 'd', received: 1050, code: 409 }),
      record({ name: 'd', received: 1060 }),
      record({ name: 'd', received: 1070 }),
    ];
    expect(transitionTimes(records, [{ parents: ['b', 'c'], child: 'd' }])).toEqual([20]);
  });

  it('that the log does not show whole is left out', () => {
    expect(transitionTimes([ended('a', 1)], [{ parents: ['a'], child: 'b' }])).toEqual([]);
    expect(transitionTimes([record({ name: 'b' })], [{ parents: ['a'], child: 'b' }])).toEqual([]);
  });
});

describe('the time of a pod', () => {
  it('goes from its create to its last status, without the time that it is told to run', () => {
    const records = [
      record({ name: 'a', received: 100 }),
      record({ verb: 'patch', resource: 'pods/status', code: 200, name: 'a', received: 150 }),
      record({ verb: 'patch', resource: 'pods/status', code: 200, name: 'a', received: 1180 }),
      record({ name: 'in-progress', received: 100 }),
    ];
    expect(podTimes(records, 1000)).toEqual([80]);
  });
});

describe('an audit log', () => {
  let folder: string;
  let path: string;
  const line = (name: string) => `${JSON.stringify({ ...logged, objectRef: { resource: 'pods', name } })}\n`;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ado-bench-test-'));
    path = join(folder, 'audit.log');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('gives what was written since a mark, and no line that is still being written', () => {
    writeFileSync(path, line('before'));
    const log = new AuditLog(path);
    const mark = log.mark();
    expect(log.since(mark)).toEqual([]);
    appendFileSync(path, line('a') + line('b') + line('c').slice(0, 40));
    expect(log.since(mark).map(({ name }) => name)).toEqual(['a', 'b']);
    appendFileSync(path, line('c').slice(40));
    expect(log.since(mark, ({ name }) => name !== 'a').map(({ name }) => name)).toEqual(['b', 'c']);
  });

  it('reads lines whole that are longer than its buffer or cut by it', () => {
    const names = Array.from({ length: 40 }, (_, index) => `${index}-${'é'.repeat(40_000)}`);
    writeFileSync(path, names.map(line).join(''));
    expect(new AuditLog(path).since(0).map(({ name }) => name)).toEqual(names);
  });

  it('that was rotated is an error, never a smaller count', () => {
    writeFileSync(path, line('a'));
    const log = new AuditLog(path);
    const mark = log.mark();
    truncateSync(path, 3);
    expect(() => log.since(mark)).toThrow('rotated');
  });
});

describe('the metrics of the operator', () => {
  const text = [
    '# HELP nodejs_gc_duration_seconds Garbage collection.',
    'nodejs_gc_duration_seconds_sum{kind="minor"} 0.25',
    'nodejs_gc_duration_seconds_sum{kind="major"} 0.5',
    'ado_event_loop_delay_seconds{stat="p50"} 0.01',
    'ado_event_loop_delay_seconds{stat="p99"} 0.02',
    'ado_runs_active 3',
  ].join('\n');

  it('are found by name and labels', () => {
    expect(metricOf(text, 'ado_event_loop_delay_seconds', { stat: 'p99' })).toBe(0.02);
    expect(metricOf(text, 'ado_runs_active')).toBe(3);
    expect(metricOf(text, 'ado_runs')).toBeUndefined();
  });

  it('are summed over their series', () => {
    expect(sumOf(text, 'nodejs_gc_duration_seconds_sum')).toBe(0.75);
    expect(sumOf(text, 'nodejs_gc_duration_seconds_sum', { kind: 'major' })).toBe(0.5);
  });
});

describe('the command line of the benchmark', () => {
  it('has the defaults by which the gates are judged', () => {
    expect(readArguments([])).toMatchObject({
      scenarios: ['diamonds', 'deleted', 'chain', 'apply', 'library', 'queue', 'memory'],
      runs: 500,
      pairs: 5,
      chains: 50,
      applies: 200,
      templates: 90,
      queued: 500,
      kept: 10_000,
      held: 1000,
      floor: true,
      cpus: undefined,
    });
    expect(readArguments(['--scenario', 'chain,apply']).scenarios).toEqual(['chain', 'apply']);
  });

  it.each([
    [['--scenario', 'squares'], 'there are diamonds, deleted, chain, apply, library, queue, memory and all'],
    [['--cpus', '0.5'], '--cpus: "0.5" is no whole number from 1 to 1024'],
    [['--runs', '0'], '--runs: "0" is no whole number from 1 to 1000'],
  ])('refuses %j with what is wrong and the remedy', (args, message) => {
    expect(() => readArguments(args)).toThrow(message);
  });
});

describe('a table', () => {
  it('has columns of one width', () => {
    expect(table(['what', 'median'], [['a longer cell', '1']])).toBe(
      '| what          | median |\n| ------------- | ------ |\n| a longer cell | 1      |',
    );
  });
});

describe('a chain', () => {
  it('has tasks that need the one before each', () => {
    expect(chainOf(3).map(({ name, needs }) => [name, needs])).toEqual([
      ['t0', undefined],
      ['t1', ['t0']],
      ['t2', ['t1']],
    ]);
  });
});
