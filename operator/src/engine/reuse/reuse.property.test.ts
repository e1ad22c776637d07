import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Definition, decodeEvents, encodeEvents, type Task, type TemplateBody } from '../../api/index.ts';
import { digestText, outputsIn } from '../index.ts';
import { repeating, requestedBy } from '../testing/repeating.ts';
import { type Fate, Simulation } from '../testing/simulation.ts';

/** A definition with what a run of it is given. */
interface Case {
  readonly definition: Definition;
  readonly parameters: { readonly p: string; readonly q: string };
}

const NAMES = ['a', 'b', 'c', 'd', 'e'];
const V = [{ name: 'v' }];
const identity = requestedBy('ada');

/** A text that reads a parameter, a task before, or nothing. */
const readingOf = (earlier: readonly string[]) =>
  fc.constantFrom(
    ...['params.p', 'params.q', "'none'", 'params[params.q]'],
    ...earlier.flatMap((name) => [`tasks.${name}.status`, outputOf(name), outputOf(name)]),
  );

const outputOf = (name: string): string => `tasks.${name}.outputs.?v.orValue('')`;

/** Some hold at first, some only after a change. */
const WHENS = ["params.p != '3'", "params.q == 'p'", 'size(params) == 2', "params.p == '2'", "params.q == 'q'"];

function taskOf(name: string, earlier: readonly string[]): fc.Arbitrary<Task> {
  const needs = fc.subarray([...earlier]);
  return needs.chain((before) =>
    fc
      .record({
        reading: readingOf(before),
        kind: fc.constantFrom('run', 'run', 'compute', 'template', 'approval'),
        when: fc.option(fc.constantFrom(...WHENS), { nil: undefined, freq: 3 }),
        isMany: fc.constantFrom(true, false, false, false),
        script: fc.constantFrom('one', 'two'),
      })
      .map(({ reading, kind, when, isMany, script }): Task => {
        const value = `\${{ ${reading} }}`;
        const rest = { name, needs: before, ...(when ? { when } : {}) };
        if (kind === 'compute') return { ...rest, compute: { v: reading } };
        if (kind === 'template') return { ...rest, template: { name: 'sub', kind: 'Local' }, with: { x: value } };
        if (kind === 'approval') return { ...rest, approval: { message: `Ship ${value}?` } };
        const forEach = isMany ? { forEach: { itemsFrom: `[${reading}, 'item']` } } : {};
        return {
          ...rest,
          ...forEach,
          run: script,
          env: { R: value, ...(isMany ? { I: '${{ item }}' } : {}) },
          outputs: V,
        };
      }),
  );
}

const subOf = (script: string): TemplateBody => ({
  parameters: [{ name: 'x' }],
  tasks: [{ name: 'inner', run: script, env: { X: '${{ params.x }}' }, outputs: V }],
  outputs: [{ name: 'v', value: 'tasks.inner.outputs.v' }],
});

const cases: fc.Arbitrary<Case> = fc
  .tuple(...NAMES.map((name, index) => taskOf(name, NAMES.slice(0, index))))
  .chain((tasks) => fc.integer({ min: 2, max: NAMES.length }).map((count) => tasks.slice(0, count)))
  .map((tasks) => ({
    definition: {
      ...{ defaults: { image: 'busybox' }, parameters: [{ name: 'p' }, { name: 'q' }], tasks },
      library: { 'Local/sub@': subOf('one') },
    },
    parameters: { p: '1', q: 'p' },
  }));

/** Everything that one edit can change. */
const CHANGES: readonly ((before: Case, at: number) => Case)[] = [
  (before) => before,
  (before) => ({ ...before, parameters: { ...before.parameters, p: '2' } }),
  (before) => ({ ...before, parameters: { ...before.parameters, p: '3' } }),
  (before) => ({ ...before, parameters: { ...before.parameters, q: 'q' } }),
  (before, at) => edited(before, at, ({ run, ...task }) => ({ ...task, ...(run ? { run: 'three' } : {}) })),
  (before, at) => edited(before, at, (task) => ({ ...task, when: "params.p == '1'" })),
  (before, at) => edited(before, at, (task) => ({ ...task, timeout: '1h' })),
  ({ definition, ...rest }) => ({ ...rest, definition: { ...definition, defaults: { image: 'other' } } }),
  ({ definition, ...rest }) => ({ ...rest, definition: { ...definition, library: { 'Local/sub@': subOf('two') } } }),
];

function edited({ definition, ...rest }: Case, at: number, edit: (task: Task) => Task): Case {
  const tasks = definition.tasks.map((task, index) => (index === at % definition.tasks.length ? edit(task) : task));
  return { ...rest, definition: { ...definition, tasks } };
}

const topOf = (path: string): string => path.split(/[[/]/, 1)[0] ?? '';

/** A run whose tasks hand on what they are made from, and what they draw. */
function runOf({ definition, parameters }: Case, drawn: (task: string) => string): Simulation {
  const fate = (path: string): Fate => {
    const start = simulation.started(path);
    if (start?.type === 'Start' && start.rendered.backend === 'Signal') return { end: 'Answered', by: ['bob'] };
    const made = digestText(JSON.stringify(start?.type === 'Start' ? start.rendered : '')).slice(0, 8);
    return { end: 'Succeeded', outputs: `v=${made}${drawn(topOf(path))}` };
  };
  const simulation = new Simulation(definition, { fate, parameters, identity });
  return simulation.run();
}

/** What a task was made from, and what it handed on. */
function madeOf(simulation: Simulation, name: string): unknown {
  const paths = [...new Set([...simulation.pods.values()].map(({ path }) => path))].filter(
    (path) => topOf(path) === name,
  );
  const starts = paths.toSorted().map((path) => {
    const start = simulation.started(path);
    return start?.type === 'Start' && [path, start.rendered, start.task, start.defaults];
  });
  const outputs = outputsIn(decodeEvents(encodeEvents(simulation.history)));
  const handed = [...outputs].filter(([path]) => topOf(path) === name);
  return JSON.parse(JSON.stringify({ starts, handed, phase: simulation.phaseOf(name) }));
}

describe('a task that is taken over', () => {
  it('is what the new run would have made, whatever differs, and all that it comes after is too', () => {
    const change = fc.record({
      kind: fc.nat(CHANGES.length - 1),
      at: fc.nat(9),
      fork: fc.option(fc.nat(9), { nil: undefined, freq: 1 }),
    });
    fc.assert(
      fc.property(cases, change, (before, { kind, at, fork }) => {
        const first = runOf(before, () => '');
        const after = (CHANGES[kind] ?? CHANGES[0])?.(before, at) ?? before;
        const task =
          fork === undefined ? undefined : after.definition.tasks[fork % after.definition.tasks.length]?.name;
        const by = { ...after, ...(task === undefined ? {} : { task }), identity };
        const { whole } = repeating(first, by).reuse;
        // Whatever is done again hands on something else than before.
        const fresh = runOf(after, (name) => (whole.has(name) ? '' : 'anew'));
        for (const name of whole) expect(madeOf(fresh, name), name).toEqual(madeOf(first, name));
      }),
      { numRuns: 200 },
    );
  });

  it('is every task that ended well, where nothing differs', () => {
    fc.assert(
      fc.property(cases, (before) => {
        const first = runOf(before, () => '');
        const good = before.definition.tasks
          .map(({ name }) => name)
          .filter((name) => first.phaseOf(name) === 'Succeeded');
        expect([...repeating(first, { identity }).reuse.whole].toSorted()).toEqual(good);
      }),
      { numRuns: 60 },
    );
  });
});
