import { describe, expect, it } from 'vitest';
import type { AttemptObservation, Definition, Outputs, Task } from '../../api/index.ts';
import { resolveLibrary } from '../plan/library.ts';
import { type Fate, Simulation } from '../testing/simulation.ts';

const SCRIPT: Task = { name: 'make', run: 'true', outputs: [{ name: 'url' }] };
const READER: Task = { name: 'read', needs: ['make'], run: 'true', env: { URL: '${{ tasks.make.outputs.url }}' } };

function definitionOf(tasks: Task[], rest: Partial<Definition> = {}): Definition {
  const resolved = resolveLibrary({ defaults: { image: 'busybox' }, tasks, ...rest }, () => ({ problem: 'none' }));
  if ('problems' in resolved) throw new Error(JSON.stringify(resolved.problems));
  return resolved.definition;
}

function run(definition: Definition, fates: Record<string, Fate> = {}): Simulation {
  const fate = (path: string) => fates[path.replace(/\[\d+\]|\/\d+/, '')] ?? ({ end: 'Succeeded' } as const);
  const simulation = new Simulation(definition, { fate }).run();
  expect(simulation.folded()).toBe(simulation.stored);
  return simulation;
}

const unitOf = (simulation: Simulation, name = 'make') => simulation.state.tasks.get(name)?.unit;
const optional = ({ outputs = [], ...task }: Task): Task => ({
  ...task,
  outputs: outputs.map((output) => ({ ...output, optional: true })),
});
const LOOP: Task = { ...SCRIPT, loop: { until: 'iteration >= 1' }, onFailure: 'Continue' };

describe('a declared output that was not handed on', () => {
  it.each<[string, Task, string]>([
    ['a script', SCRIPT, 'make'],
    ['a container', { name: 'make', container: { image: 'i' }, outputs: [{ name: 'url' }] }, 'make'],
    ['an item of a fan-out', { ...SCRIPT, forEach: { items: [1] } }, 'make[0]'],
    ['an iteration of a loop', { ...SCRIPT, loop: { until: 'true' } }, 'make/0'],
  ])('fails %s, which names the output and the remedy', (_sort, task, path) => {
    const failed = run(definitionOf([task]));
    expect(unitOf(failed)?.phase).toBe('Failed');
    const said = failed.history.join('');
    expect(said).toContain('OutputMissing');
    expect(said).toContain(path);
    expect(said).toContain(
      'the output url is declared but missing in $ADO_OUTPUTS; write every declared output, or declare it with optional: true',
    );
    expect(unitOf(run(definitionOf([optional(task)])))?.phase).toBe('Succeeded');
    expect(unitOf(run(definitionOf([task]), { make: { end: 'Succeeded', outputs: 'url=x' } }))?.phase).toBe(
      'Succeeded',
    );
  });

  it.each<[string, Partial<Task>]>([
    ['a request', { http: { url: 'https://example.com' } }],
    ['an object', { resource: { manifest: { kind: 'Job' } } }],
    ['a child run', { workflow: { name: 'other' } }],
  ])('fails %s', (_sort, action) => {
    const end = (outputs: Outputs, more: object = {}) => {
      const definition = definitionOf([{ name: 'make', ...action, outputs: [{ name: 'url', ...more }] }]);
      const simulation = new Simulation(definition);
      simulation.pass();
      const seen: AttemptObservation = { phase: 'Succeeded', message: '', outputs };
      simulation.report(simulation.decideOn({ desiredState: 'Running', attempts: new Map([['make#0', seen]]) }));
      return unitOf(simulation)?.reason ?? unitOf(simulation)?.phase;
    };
    expect([end({ other: 1 }), end({ url: 'x' }), end({ other: 1 }, { optional: true })]).toEqual([
      ...['OutputMissing', 'Succeeded', 'Succeeded'],
    ]);
  });

  it('fails what a cached result of an earlier version would have answered', () => {
    const answered = (task: Task) => {
      const simulation = new Simulation(definitionOf([task]));
      const hit: AttemptObservation = { phase: 'Hit', outputs: {}, from: 'old/make' };
      simulation.report(simulation.decideOn({ desiredState: 'Running', attempts: new Map([['make#0', hit]]) }));
      return unitOf(simulation)?.reason ?? unitOf(simulation)?.phase;
    };
    expect([answered(SCRIPT), answered(optional(SCRIPT))]).toEqual(['OutputMissing', 'Succeeded']);
  });

  it('is missing in a loop whose last iteration failed, and in none that had nothing to do', () => {
    const badly = { make: { end: 'Failed' } } as const;
    expect(unitOf(run(definitionOf([LOOP]), badly))?.reason).toBe('OutputMissing');
    expect(unitOf(run(definitionOf([optional(LOOP)]), badly))?.phase).toBe('Succeeded');
    expect(unitOf(run(definitionOf([{ ...SCRIPT, loop: { while: 'false' } }])))?.phase).toBe('Succeeded');
  });

  it('is a failure of an attempt, which is tried again', () => {
    const fate = (_path: string, attempt: number): Fate =>
      attempt === 0 ? { end: 'Succeeded' } : { end: 'Succeeded', outputs: 'url=x' };
    const retried = new Simulation(definitionOf([{ ...SCRIPT, retry: { limit: 1 } }]), { fate }).run();
    expect(unitOf(retried)).toMatchObject({ phase: 'Succeeded', retries: 1 });
  });

  it('may be one whose value is null, where it is optional', () => {
    const written: Record<string, Fate> = { make: { end: 'Succeeded', outputs: '{"url": null}' } };
    expect(unitOf(run(definitionOf([optional(SCRIPT)]), written))?.phase).toBe('Succeeded');
    expect(unitOf(run(definitionOf([SCRIPT]), written))?.reason).toBe('OutputsInvalid');
    const computed: Task = { name: 'make', compute: { url: 'null' }, outputs: [{ name: 'url', optional: true }] };
    expect(
      run(definitionOf([computed, { ...READER, env: {}, when: 'has(tasks.make.outputs.url)' }])).phaseOf('read'),
    ).toBe('Skipped');
    const body = {
      name: 'body',
      tasks: [optional(SCRIPT)],
      outputs: [{ name: 'url', optional: true, value: 'tasks.make.outputs.?url' }],
    };
    const used = definitionOf(
      [
        { name: 'make', template: { name: 'body' } },
        { ...READER, when: 'has(tasks.make.outputs.url)' },
      ],
      {
        templates: [body],
      },
    );
    expect(run(used).phaseOf('read')).toBe('Skipped');
  });
});

describe('what others read of a task that has nothing to hand on', () => {
  const body = { name: 'body', tasks: [SCRIPT], outputs: [{ name: 'url', value: 'tasks.make.outputs.url' }] };
  const EMPTY = { when: 'false' };
  const each = { forEach: { items: [1, 2] } };
  it.each<[string, Task, string]>([
    ['a skipped task', { ...SCRIPT, ...EMPTY }, '{}'],
    ['a skipped loop', { ...SCRIPT, ...EMPTY, loop: { state: { n: '0' }, until: 'true' } }, '{}'],
    ['a skipped template', { name: 'make', ...EMPTY, template: { name: 'body' } }, '{}'],
    ['a skipped fan-out', { ...SCRIPT, ...EMPTY, ...each }, '[]'],
    ['a skipped fan-out of a template', { name: 'make', ...EMPTY, ...each, template: { name: 'body' } }, '[]'],
    ['a skipped fan-out of a loop', { ...SCRIPT, ...EMPTY, ...each, loop: { until: 'true' } }, '[]'],
    ['a fan-out without items', { ...SCRIPT, forEach: { items: [] } }, '[]'],
    ['a fan-out of skipped items', { ...SCRIPT, ...each, when: 'item > 2' }, '[null,null]'],
    [
      'a fan-out whose items have no value',
      { ...SCRIPT, forEach: { itemsFrom: '[1][5]' }, onFailure: 'Continue' },
      '[]',
    ],
    ['a fan-out that a condition failed', { ...SCRIPT, ...each, when: '1 / 0 == 1', onFailure: 'Continue' }, '[]'],
    ['a task that failed', { ...SCRIPT, onFailure: 'Continue' }, '{}'],
    ['generated tasks that were skipped', { name: 'make', ...EMPTY, generate: { tasks: '[]' } }, '{}'],
    [
      'a generated fan-out without items',
      { name: 'make', generate: { tasks: '[{"name": "g", "run": "true", "forEach": {"items": []}}]' } },
      '{"g":[]}',
    ],
  ])('is, of %s, %s', (_what, task, wanted) => {
    const reader: Task = { name: 'read', needs: ['make'], run: 'true', env: { GOT: '${{ tasks.make.outputs }}' } };
    const read = run(definitionOf([task, reader], { templates: [body] }));
    expect(read.started('read')).toMatchObject({ rendered: { env: { GOT: wanted } } });
    const after = run(
      definitionOf([{ ...task, name: 'make' }], { templates: [body], finally: [{ ...reader, needs: [] }] }),
    );
    expect(after.started('read')).toMatchObject({ rendered: { env: { GOT: wanted } } });
  });

  it('is an empty list in finally too, of a fan-out that a stopped run never came to', () => {
    const definition = definitionOf(
      [
        { name: 'bad', run: 'false' },
        { ...SCRIPT, needs: ['bad'], forEach: { items: [1] } },
      ],
      {
        finally: [{ name: 'read', run: 'true', env: { GOT: '${{ size(tasks.make.outputs) }}' } }],
      },
    );
    const read = run(definition, { bad: { end: 'Failed' } });
    expect(read.started('read')).toMatchObject({ rendered: { env: { GOT: '0' } } });
  });
});
