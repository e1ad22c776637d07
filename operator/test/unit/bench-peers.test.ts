import { describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../hack/bench/audit.ts';
import { ARGO } from '../../hack/bench/peers/argo.ts';
import { readArguments } from '../../hack/bench/peers/arguments.ts';
import { figuresOf, type Measurement } from '../../hack/bench/peers/figures.ts';
import { peersTables, settingLines } from '../../hack/bench/peers/table.ts';
import { TEKTON } from '../../hack/bench/peers/tekton.ts';
import { turnsOf } from '../../hack/bench/peers/turns.ts';
import type { Task } from '../../src/api/index.ts';
import type { Pod } from '../../src/pods/index.ts';
import type { KubeObject } from '../../src/runtime/index.ts';

const PRODUCTS = { argo: ARGO, tekton: TEKTON };
const turns = (...args: string[]) =>
  turnsOf(readArguments(args), (peer, setting) => PRODUCTS[peer].settings[setting] !== undefined).map(
    ({ scenario, count, product, setting }) => `${count} ${scenario} ${product} ${setting}`,
  );

describe('the arguments', () => {
  it('measure fewer workflows with default settings, and never more than with tuned ones', () => {
    expect(readArguments([])).toMatchObject({ runs: 500, defaultRuns: 100, chains: 50, defaultChains: 5 });
    expect(readArguments(['--runs', '50', '--chains', '2'])).toMatchObject({ defaultRuns: 50, defaultChains: 2 });
  });

  it.each([
    [['--peers', 'argo,jenkins'], '--peers: there is no "jenkins"; there are argo, tekton'],
    [['--settings', 'fast'], '--settings: there is no "fast"'],
    [['--pairs', '0'], '--pairs: "0" is no whole number from 1 to 100'],
  ])('%s are refused with the remedy', (args, message) => {
    expect(() => readArguments(args)).toThrow(message);
  });
});

describe('the turns', () => {
  it('alternate Ado and the peers, with as many workflows for each, in both orders', () => {
    const pair = ['500 diamonds ado default', '500 diamonds argo tuned', '500 diamonds tekton tuned'];
    expect(turns('--scenario', 'diamonds', '--settings', 'tuned', '--pairs', '2')).toEqual([
      ...pair,
      ...[...pair].reverse(),
    ]);
    expect(turns('--scenario', 'diamonds', '--settings', 'tuned', '--reverse')).toEqual([...pair].reverse());
    expect(turns('--scenario', 'chain', '--settings', 'default', '--peers', 'argo')).toEqual([
      '5 chain ado default',
      '5 chain argo default',
    ]);
  });

  it('leave out a setting that a peer does not have', () => {
    expect(turns('--scenario', 'chain', '--settings', 'requeue', '--chains', '7')).toEqual([
      '7 chain ado default',
      '7 chain argo requeue',
    ]);
  });
});

describe('a peer', () => {
  const tasks: Task[] = [
    { name: 'a', run: 'sleep 1' },
    { name: 'b', needs: ['a'], run: 'sleep 1' },
  ];

  it('gets the same graph of tasks', () => {
    const argo = JSON.stringify(ARGO.runOf('ns', 'run', tasks));
    expect(argo).toContain('[{"name":"a","template":"step"},{"name":"b","template":"step","dependencies":["a"]}]');
    const tekton = TEKTON.runOf('ns', 'run', tasks) as KubeObject & {
      spec: { pipelineSpec: { tasks: { name: string; runAfter?: string[] }[] } };
    };
    expect(tekton.spec.pipelineSpec.tasks.map(({ name, runAfter }) => [name, runAfter])).toEqual([
      ['a', undefined],
      ['b', ['a']],
    ]);
  });

  it('says how a run ended, and nothing while it goes on', () => {
    const run = (status: object) => ({ metadata: { name: 'run' }, status }) as KubeObject;
    expect(ARGO.endOf(run({ phase: 'Running', finishedAt: null }))).toBeUndefined();
    expect(ARGO.endOf(run({ phase: 'Failed', finishedAt: '2026-01-01T00:00:00Z' }))).toBe('Failed');
    const condition = (status: string, reason: string) => ({ conditions: [{ type: 'Succeeded', status, reason }] });
    expect(TEKTON.endOf(run(condition('Unknown', 'Running')))).toBeUndefined();
    const completionTime = '2026-01-01T00:00:00Z';
    expect(TEKTON.endOf(run({ completionTime, ...condition('True', 'Succeeded') }))).toBe('Succeeded');
    expect(TEKTON.endOf(run({ completionTime, ...condition('False', 'PipelineRunTimeout') }))).toBe(
      'PipelineRunTimeout',
    );
  });

  it('names the place of a pod in its workflow', () => {
    const pod = (labels: Record<string, string>, annotations: Record<string, string> = {}) =>
      ({ metadata: { name: 'pod', labels, annotations } }) as Pod;
    expect(
      ARGO.placeOf(
        pod({ 'workflows.argoproj.io/workflow': 'argo-007' }, { 'workflows.argoproj.io/node-name': 'argo-007.t3' }),
      ),
    ).toEqual({ run: 'argo-007', task: 't3' });
    expect(TEKTON.placeOf(pod({ 'tekton.dev/pipelineRun': 'tekton-007', 'tekton.dev/pipelineTask': 't3' }))).toEqual({
      run: 'tekton-007',
      task: 't3',
    });
    expect(TEKTON.placeOf(pod({}))).toBeUndefined();
  });
});

describe('the table', () => {
  const record = (user: string, verb: string, resource: string): AuditRecord => ({
    user,
    verb,
    resource,
    namespace: '',
    name: '',
    dryRun: false,
    code: 200,
    received: 0,
    answered: 1,
  });
  const measurement = (seconds: number): Measurement => {
    const own = [record('me', 'create', 'pods'), record('me', 'create', 'events'), record('me', 'watch', 'pods')];
    return {
      scenario: 'diamonds',
      count: 1,
      product: 'Argo Workflows',
      version: 'v1',
      setting: 'tuned',
      text: '128 workers',
      figures: figuresOf([...own, record('other', 'create', 'pods')], 'me', 4, seconds, 2, 50_000_000),
    };
  };

  it('tells the median, what it lies between, and requests of the controller alone', () => {
    const row = peersTables([measurement(30), measurement(10), measurement(20)]).split('\n')[2];
    const cells = row?.split('|').map((cell) => cell.trim());
    expect(cells?.slice(1, 9)).toEqual([
      'Argo Workflows v1, tuned',
      '3',
      '20.0 (10.0–30.0)',
      '0.50 (0.50–0.50)',
      '0.25 (0.25–0.25)',
      '500.0 (500.0–500.0)',
      '50 (50–50)',
      '–',
    ]);
  });

  it('is followed by the meaning of each setting, once', () => {
    expect(settingLines([measurement(1), measurement(2)])).toBe('Argo Workflows v1, tuned: 128 workers');
  });
});
