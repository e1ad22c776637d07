import { describe, expect, it } from 'vitest';
import type { Definition, Task } from '../../api/index.ts';
import { digestOf, plan, repeatedText } from '../index.ts';
import { type Repeating, repeating, requestedBy } from '../testing/repeating.ts';
import { type Fate, Simulation } from '../testing/simulation.ts';

const task = (name: string, rest: Partial<Task> = {}): Task => ({ name, run: 'true', ...rest });
const asking = (name: string, rest: Partial<NonNullable<Task['approval']>> = {}, more: Partial<Task> = {}): Task => ({
  ...{ name, approval: { message: 'Ship ${{ params.version }}?', ...rest } },
  ...more,
});
const DIGEST = { name: 'digest' };
const PARAMETERS = { version: '1.0', other: 'x' };
const ADA = requestedBy('ada');

const build = task('build', { env: { V: '${{ params.version }}' }, outputs: [DIGEST] });
const ship = task('ship', { needs: ['approve'], env: { D: '${{ tasks.build.outputs.digest }}' } });
const RELEASE = [build, asking('approve', {}, { needs: ['build'] }), ship];

const definitionOf = (tasks: Task[], rest: Partial<Definition> = {}): Definition => ({
  defaults: { image: 'busybox' },
  parameters: [{ name: 'version' }, { name: 'other' }],
  tasks,
  ...rest,
});

const OUTPUTS: Fate = { end: 'Succeeded', outputs: 'digest=abc' };
const FATES: Record<string, Fate> = { build: OUTPUTS, ship: { end: 'Failed' } };
/** Whoever is asked approves: bob and cyd. */
const fateOf =
  (fates: Record<string, Fate> = FATES) =>
  (path: string): Fate =>
    fates[path] ??
    (/approve/.test(path)
      ? { end: 'Answered', by: ['bob', 'cyd'] }
      : path === 'build'
        ? OUTPUTS
        : { end: 'Succeeded' });

function ended(definition: Definition, fates = FATES, identity = ADA, parameters: object = PARAMETERS): Simulation {
  const options = { identity, fate: fateOf(fates), parameters: { ...parameters } as Record<string, string> };
  return new Simulation(definition, options).run();
}

/** What a repetition takes over, what it does again, and what it starts. */
function repeated(first: Simulation, by: Repeating = {}) {
  const { reuse, second } = repeating(first, { identity: requestedBy('ada', 'again'), ...by, fate: fateOf() });
  second.run();
  expect(second.folded()).toBe(second.stored);
  return {
    kept: [...reuse.whole, ...reuse.partly],
    again: Object.fromEntries(reuse.again),
    started: [...second.pods.values()].map(({ path }) => path),
    second,
    text: repeatedText(reuse),
  };
}

describe('a task that ended well', () => {
  it('is kept where nothing that it is made from differs', () => {
    const { kept, again, started } = repeated(ended(definitionOf(RELEASE)));
    expect({ kept, again, started }).toEqual({ kept: ['build', 'approve'], again: {}, started: ['ship'] });
  });

  it('is done again where a parameter that it reads differs, with all that comes after it, and says so', () => {
    const { kept, text } = repeated(ended(definitionOf([build, task('test', { needs: ['build'] }), task('x')]), {}), {
      ...{ parameters: { ...PARAMETERS, version: '6.6.6' }, task: 'x' },
    });
    expect(kept).toEqual([]);
    expect(text).toBe('repeated: build (params.version differs), test (comes after build)');
  });

  const READERS: [string, Partial<Task>][] = [
    ['in its environment', { env: { V: '${{ params.version }}' } }],
    ['in its image', { image: 'app:${{ params.version }}' }],
    ['in an argument', { run: undefined as never, container: { args: ['${{ params.version }}'] } }],
    ['in when', { when: "params.version != ''" }],
    ['by a computed name', { when: "params[params.other] != ''" }],
    ['as a whole', { when: 'size(params) > 0' }],
    ['in the items', { forEach: { itemsFrom: '[params.version]' } }],
    ['in a hook', { hooks: [{ event: 'Succeeded', run: 'true', env: { V: '${{ params.version }}' } }] }],
    ['in undo', { undo: { run: 'true', env: { V: '${{ params.version }}' } } }],
    [
      'for a template',
      { run: undefined as never, template: { name: 'sub', kind: 'Local' }, with: { v: '${{ params.version }}' } },
    ],
    ['in the key of its cache', { cache: { key: '${{ params.version }}' } }],
    ['in a computation', { run: undefined as never, compute: { v: 'params.version' } }],
    ['in a loop', { loop: { while: 'iteration < 1', state: { v: 'params.version' } } }],
    ['in a request', { run: undefined as never, http: { url: 'http://x/${{ params.version }}' } }],
    ['in a manifest', { run: undefined as never, resource: { manifest: { a: ['${{ params.version }}'] } } }],
    ['in what it generates', { run: undefined as never, generate: { tasks: '[]' } }],
  ];
  const library = { 'Local/sub@': { parameters: [{ name: 'v' }], tasks: [task('in')] } };

  it.each(READERS)('reads a parameter wherever that may be: %s', (_where, reading) => {
    const tasks = [task('reads', reading), task('last')].map((each) => JSON.parse(JSON.stringify(each)) as Task);
    const params = { version: '1', other: 'version' };
    const first = ended(definitionOf(tasks, { library }), {}, ADA, params);
    expect(first.phaseOf('reads')).toBe('Succeeded');
    expect(repeated(first, { task: 'last' }).kept).toEqual(['reads']);
    const { again } = repeated(first, { task: 'last', parameters: { ...params, version: '2' } });
    expect(again.reads).toContain('params.version differs');
  });

  it('is kept where only another parameter differs', () => {
    const first = ended(definitionOf([build, task('last')]), {});
    expect(repeated(first, { task: 'last', parameters: { ...PARAMETERS, other: 'y' } }).kept).toEqual(['build']);
  });

  it('is kept although it carries the name of its run, which decides nothing', () => {
    const first = ended(definitionOf([task('a', { env: { R: '${{ run.name }}' } }), task('last')]), {});
    expect(repeated(first, { task: 'last' }).kept).toEqual(['a']);
  });

  it('is kept where a template is given a word that is no expression', () => {
    const { run: _run, ...using } = task('a', { template: { name: 'sub', kind: 'Local' }, with: { v: 'run' } });
    expect(repeated(ended(definitionOf([using, task('last')], { library }), {}), { task: 'last' }).kept).toEqual(['a']);
  });

  it.each<Partial<Task>>([
    { when: "run.name != 'again'" },
    { forEach: { itemsFrom: '[run.uid]' } },
    { run: undefined as never, template: { name: 'sub', kind: 'Local' }, with: { v: '${{ run.name }}' } },
  ])('is done again where what no other run has decides what it does', (deciding) => {
    const tasks = [JSON.parse(JSON.stringify(task('a', deciding))) as Task, task('last')];
    const { again } = repeated(ended(definitionOf(tasks, { library }), {}), { task: 'last' });
    expect(again.a).toMatch(/run\.\w+ affects what it does/);
  });

  it('is done again where what it handed on was not taken along by a repetition in between', () => {
    const reads = task('reads', { needs: ['build'], env: { D: '${{ tasks.build.outputs.digest }}' } });
    const first = ended(definitionOf([build, reads, task('last')]), { build: OUTPUTS, last: { end: 'Failed' } });
    const { second } = repeated(first);
    expect(second.state.tasks.get('build')?.unit.from).toBe('run/build');
    expect(repeated(second, { task: 'last' }).kept).toEqual(['build', 'reads']);
    expect(repeated(second, { task: 'reads' }).again).toEqual({ build: 'its outputs are no longer on record' });
  });

  it('is kept where the task that it needs was skipped, and is sure to be skipped again', () => {
    const tasks = [task('never', { when: "params.version == ''" }), task('a', { needs: ['never'] }), task('last')];
    const first = ended(definitionOf(tasks), {});
    const { kept, second, started } = repeated(first, { task: 'last' });
    expect({ kept, started }).toEqual({ kept: ['a'], started: ['last'] });
    expect(second.phaseOf('never')).toBe('Skipped');
    expect(second.state.tasks.get('never')?.unit.from).toBeUndefined();
  });
});

describe('a task that an earlier version let succeed without an output that it declares', () => {
  const silent = { ...build, outputs: [{ ...DIGEST, optional: true }] };
  const reads = task('reads', { needs: ['build'], env: { D: '${{ tasks.build.outputs.?digest }}' } });
  const ofBefore = (own: Task, fate: Fate) => {
    const first = ended(definitionOf([{ ...own, outputs: silent.outputs }, reads]), {
      build: fate,
      reads: { end: 'Failed' },
    });
    const definition = definitionOf([own, reads]);
    return Object.assign(first, { plan: plan(definition, digestOf(definition)) });
  };

  it('is done again where the output is read, and kept where it was handed on', () => {
    const { again } = repeated(ofBefore(build, { end: 'Succeeded' }));
    expect(again).toEqual({ build: 'it has no output digest' });
    expect(repeated(ofBefore(build, OUTPUTS)).kept).toEqual(['build']);
    expect(repeated(ofBefore(silent, { end: 'Succeeded' })).kept).toEqual(['build']);
  });
});

describe('a task of a newer definition', () => {
  const CHANGES: [string, (tasks: Task[]) => Definition][] = [
    ['its script', ([first, ...rest]) => definitionOf([{ ...(first as Task), run: 'evil' }, ...rest])],
    ['its when', ([first, ...rest]) => definitionOf([{ ...(first as Task), when: 'true' }, ...rest])],
    ['a default', (tasks) => definitionOf(tasks, { defaults: { image: 'evil' } })],
    [
      'the type of what it reads',
      (tasks) => definitionOf(tasks, { parameters: [{ name: 'version', type: 'Secret' }, { name: 'other' }] }),
    ],
  ];
  it.each(CHANGES)('is done again where this differs: %s', (_what, changed) => {
    const tasks = [build, task('last')];
    const { again } = repeated(ended(definitionOf(tasks), {}), { task: 'last', definition: changed(tasks) });
    expect(again).toEqual({ build: 'its definition differs' });
  });

  it('is done again where a template inside of a template differs, or what a generated task may use', () => {
    const using = (name: string): Partial<Task> => ({ template: { name, kind: 'Local' } });
    const { run: _run, ...outer } = task('outer', using('outer'));
    const { run: _too, ...inner } = task('inner', using('inner'));
    const made = (script: string) =>
      definitionOf([outer, { name: 'made', generate: { tasks: '[]' } }, task('last')], {
        library: { 'Local/outer@': { tasks: [inner] }, 'Local/inner@': { tasks: [task('x', { run: script })] } },
      });
    const { again } = repeated(ended(made('good'), {}), { task: 'last', definition: made('evil') });
    expect(again).toEqual({ outer: 'its definition differs', made: 'asked again: the definition differs' });
  });

  it('is kept where other tasks differ, and what people read', () => {
    const tasks = [{ ...build, description: 'anew' }, task('last', { run: 'anew' })];
    expect(
      repeated(ended(definitionOf([build, task('last')]), {}), { task: 'last', definition: definitionOf(tasks) }).kept,
    ).toEqual(['build']);
  });

  it('is done again where nobody can say by what it was made', () => {
    const { again, kept } = repeated(ended(definitionOf(RELEASE)), { isForgotten: true });
    expect(kept).toEqual([]);
    expect(again).toMatchObject({ build: 'its earlier definition is no longer readable' });
  });
});

describe('an approval', () => {
  const first = () => ended(definitionOf([asking('approve'), build, { ...ship, needs: ['approve', 'build'] }]));

  it('is kept for the same run of the same person', () => {
    expect(repeated(first()).kept).toContain('approve');
  });

  it.each<[string, Repeating]>([
    ['another parameter, whoever reads it', { parameters: { ...PARAMETERS, other: 'y' }, task: 'ship' }],
    ['another person', { identity: requestedBy('bob', 'again') }],
    ['nobody known', { identity: { ...requestedBy('ada', 'again'), isUnknown: true } }],
    [
      'another script behind it',
      { definition: definitionOf([asking('approve'), build, { ...ship, needs: ['approve', 'build'], run: 'evil' }]) },
    ],
    ['another build of what is shipped', { task: 'build' }],
  ])('is asked again for %s', (_what, by) => {
    const { kept, again, started } = repeated(first(), by);
    expect(kept).not.toContain('approve');
    expect(again.approve).toMatch(/^asked again: /);
    expect(started).toContain('approve');
  });

  it('is asked again where the first run was requested by nobody who is known', () => {
    const { requester: _none, ...nobody } = ADA;
    const scheduled = ended(definitionOf(RELEASE), FATES, nobody);
    expect(repeated(scheduled).again).toMatchObject({ approve: expect.stringContaining('not proven') });
  });

  it('is asked again where what it shows is of the run itself', () => {
    const shown = ended(definitionOf([asking('approve', { message: '${{ run.name }}' }), ship, build]));
    expect(repeated(shown).again.approve).toBe('asked again: it shows or reads run.name');
  });

  it('is asked again where time approved it, and nobody', () => {
    const timed = asking('approve', { expiresAfter: '1m', onExpiry: 'Approve' });
    const alone = ended(definitionOf([timed, build, ship]), { ...FATES, approve: { end: 'Answered', by: [] } });
    expect(alone.phaseOf('approve')).toBe('Succeeded');
    expect(repeated(alone).again.approve).toBe('asked again: the answers on record do not approve this run');
  });

  it('that was skipped for a test is asked for production, and what it guarded is done again', () => {
    const guarded = asking('approve', {}, { when: "params.other == 'production'" });
    const tested = ended(definitionOf([guarded, task('ship', { needs: ['approve'] }), task('last')]), {});
    expect(tested.phaseOf('approve')).toBe('Skipped');
    const { kept, started } = repeated(tested, { task: 'last', parameters: { ...PARAMETERS, other: 'production' } });
    expect({ kept, started: started.toSorted() }).toEqual({ kept: [], started: ['approve', 'last', 'ship'] });
  });

  it('is judged by the votes on record also by whoever repeats a repetition', () => {
    const { second } = repeating(first(), { identity: requestedBy('ada', 'again'), fate: fateOf() });
    second.run();
    expect(second.state.tasks.get('approve')?.unit.from).toBe('run/approve');
    expect(repeated(second, { identity: requestedBy('ada', 'third') }).kept).toContain('approve');
    second.history = second.history.map((event) => event.replace('"approvals"', '"unknown"'));
    expect(repeated(second).again.approve).toBe('asked again: its answers are no longer on record');
  });

  const inside: Definition['library'] = { 'Local/gate@': { tasks: [asking('approve', { message: 'Ship?' })] } };
  const HOLDERS: [string, Partial<Task>][] = [
    ['a template', { template: { name: 'gate', kind: 'Local' } }],
    ['a fan-out', { approval: { message: 'Ship?' }, forEach: { items: [1, 2] } }],
    ['a loop', { approval: { message: 'Ship?' }, loop: { while: 'iteration < 2' } }],
    ['a wait for a signal', { waitForSignal: {} }],
    ['generated tasks', { generate: { tasks: "[{'name': 'approve', 'approval': {'message': 'Ship?'}}]" } }],
  ];
  it.each(HOLDERS)('is one wherever it stands: in %s', (_where, holding) => {
    const tasks = [{ name: 'approve', ...holding } as Task, task('ship', { needs: ['approve'] })];
    const held = ended(definitionOf(tasks, { library: inside }));
    expect(held.phaseOf('approve')).toBe('Succeeded');
    expect(repeated(held).kept).toEqual(['approve']);
    const { again } = repeated(held, { identity: requestedBy('bob', 'again') });
    expect(again.approve).toBe('asked again: another person requested this run');
  });

  it('is asked again for each item of a fan-out of which others failed, where another person asks', () => {
    const each = asking('approve', {}, { forEach: { items: [1, 2] } });
    const rejecting: Record<string, Fate> = {
      'approve[1]': { end: 'Answered', by: ['bob'], decision: 'Reject' },
    };
    const half = ended(definitionOf([each]), rejecting);
    expect(half.phaseOf('approve')).toBe('Failed');
    expect(repeated(half).kept).toEqual(['approve']);
    expect(repeated(half, { identity: requestedBy('bob', 'again') }).started).toContain('approve[0]');
  });
});

describe('a run of another Workflow', () => {
  it('is kept only where it stands for the one that would be started now', () => {
    const tasks: Task[] = [{ name: 'child', workflow: { name: 'sub' } }, task('last', { needs: ['child'] })];
    const first = ended(definitionOf(tasks), { last: { end: 'Failed' } });
    expect(repeated(first, { children: () => undefined }).kept).toEqual(['child']);
    expect(repeated(first, { children: () => 'the Workflow sub differs' }).text).toBe(
      'repeated: child (the Workflow sub differs)',
    );
  });
});
