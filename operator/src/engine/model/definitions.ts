import type { Definition, ForEach, Task, TemplateBody } from '../../api/index.ts';
import type { Draws } from './draws.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e'];
const INNER_NAMES = ['p', 'q', 'r'];
const V = { name: 'v', type: 'Integer' as const };

/** Where a task is made. */
interface Around {
  readonly names: readonly string[];
  /** Names of the templates that may be used here. */
  readonly templates: readonly string[];
  readonly mayGenerate: boolean;
  readonly isRoot: boolean;
}

type Kind =
  | 'run'
  | 'compute'
  | 'sleep'
  | 'template'
  | 'generate'
  | 'http'
  | 'workflow'
  | 'resource'
  | 'approval'
  | 'waitForSignal';

/**
 * A definition with a bit of everything. It need not make sense, but everything in it is allowed: expressions may have no
 * value, timeouts may be shorter than what they limit, generated tasks may be no tasks.
 */
export function drawDefinition(draws: Draws): Definition {
  const leaf = drawTemplate(draws, { templates: [], mayGenerate: true });
  const middle = drawTemplate(draws, { templates: ['leaf'], mayGenerate: false });
  const around = { names: NAMES, templates: ['leaf', 'middle'], mayGenerate: true, isRoot: true };
  const compensate = draws.pick([undefined, undefined, ['Failed'], ['Cancelled'], ['Failed', 'Cancelled']] as const);
  const timeout = draws.pick([undefined, undefined, '12s', '1h']);
  const last = draws.percent(40) ? drawTasks(draws, { ...around, names: ['y', 'z'] }) : undefined;
  return {
    defaults: { image: 'busybox', ...drawLimits(draws, 15) },
    parameters: [{ name: 'n', type: 'Integer', default: 2 }],
    parallelism: 1 + draws.below(5),
    ...(timeout ? { timeout } : {}),
    ...(compensate ? { compensate: [...compensate] } : {}),
    ...(last ? { finally: last } : {}),
    ...(draws.percent(20) ? { hooks: drawHooks(draws, around) } : {}),
    tasks: drawTasks(draws, around),
    continueAsNew: drawContinuing(draws),
    library: { 'Local/leaf@': leaf, 'Local/middle@': middle },
  };
}

/** Mostly by itself, between iterations; sometimes by an expression that stops after a few runs. */
function drawContinuing(draws: Draws): NonNullable<Definition['continueAsNew']> {
  const afterEvents = draws.pick([5000, 3, 6, 12, 25]);
  const when = draws.pick([
    undefined,
    undefined,
    undefined,
    'params.n < 4',
    "tasks.a.status == 'Succeeded' && params.n < 4",
    'nobody',
  ]);
  const text = draws.pick(['${{ params.n + 1 }}', '${{ params.n + 1 }}', 'many']);
  return { afterEvents, ...(when ? { when, with: { n: text } } : {}) };
}

function drawTemplate(draws: Draws, where: Pick<Around, 'templates' | 'mayGenerate'>): TemplateBody {
  const tasks = drawTasks(draws, { ...where, names: INNER_NAMES, isRoot: false });
  const value = draws.pick(['1', 'tasks.p.outputs.v', 'params.n + 1', 'tasks.p.status']);
  return {
    parameters: [{ name: 'n', type: 'Integer', default: 1 }],
    tasks,
    ...(draws.percent(50) ? { outputs: [{ ...V, value }] } : {}),
    ...(draws.percent(20) ? { defaults: { image: 'busybox', ...drawLimits(draws, 50) } } : {}),
  };
}

/** Tasks whose needs are earlier ones, so that there is never a cycle. */
function drawTasks(draws: Draws, around: Around): Task[] {
  const count = 1 + draws.below(around.names.length);
  return around.names.slice(0, count).map((name, index) => drawTask(draws, name, around.names.slice(0, index), around));
}

function drawTask(draws: Draws, name: string, earlier: readonly string[], around: Around): Task {
  const needs = draws.some(earlier, 40);
  const kind = drawKind(draws, around);
  const forEach = draws.percent(25) ? drawForEach(draws, needs) : undefined;
  const loop = draws.percent(20) ? drawLoop(draws) : undefined;
  const when = draws.pick([
    undefined,
    undefined,
    undefined,
    undefined,
    'false',
    "run.name == 'run'",
    ...needs.map((need) => `tasks.${need}.status == 'Succeeded'`),
    // What is read wherever it is, and always has a value.
    ...needs.flatMap((need) => Array<string>(6).fill(`size(tasks.${need}.outputs) >= 0`)),
    ...(forEach ? ['index != 1'] : []),
  ]);
  const hasAttempts = kind === 'run' || kind === 'http' || kind === 'workflow' || kind === 'resource';
  const timeout = draws.pick([undefined, undefined, undefined, undefined, '2s', '5s', '30s']);
  return {
    name,
    needs,
    ...drawAction(draws, kind, needs, around),
    runIf: draws.pick(['Succeeded', 'Succeeded', 'Succeeded', 'Failed', 'Always']),
    onFailure: draws.pick(['Fail', 'Fail', 'Continue']),
    ...(when ? { when } : {}),
    ...(forEach ? { forEach } : {}),
    ...(loop ? { loop } : {}),
    ...(timeout ? { timeout } : {}),
    ...(hasAttempts ? drawAttempts(draws) : {}),
    ...(draws.percent(15) ? { hooks: drawHooks(draws, around) } : {}),
    ...(around.isRoot && draws.percent(30) ? { undo: drawUndo(draws, around) } : {}),
  };
}

function drawKind(draws: Draws, { templates, mayGenerate }: Around): Kind {
  const kinds: Kind[] = ['run', 'run', 'run', 'run', 'run', 'compute', 'sleep', 'http', 'workflow', 'resource'];
  kinds.push('approval', 'waitForSignal');
  if (templates.length > 0) kinds.push('template', 'template', 'template');
  if (mayGenerate) kinds.push('generate');
  return draws.pick(kinds);
}

function drawAction(draws: Draws, kind: Kind, needs: readonly string[], { templates }: Around): Partial<Task> {
  const [need] = needs;
  const read = need && draws.percent(60) ? `tasks.${need}.outputs.v` : draws.pick(['1', 'params.n', '1 / 0']);
  if (kind === 'compute') return { compute: { v: read }, outputs: [V] };
  if (kind === 'sleep') {
    return { sleep: draws.pick([{ duration: '1s' }, { duration: '4s' }, { until: '2023-11-14T22:13:28Z' }]) };
  }
  if (kind === 'template') {
    const given = draws.percent(30) ? { with: { n: `\${{ ${read} }}` } } : {};
    return { template: { name: draws.pick(templates), kind: 'Local' }, ...given };
  }
  if (kind === 'generate') return { generate: { tasks: draws.pick(GENERATED) } };
  if (kind === 'http') return { http: { url: 'https://example.com/' } };
  if (kind === 'workflow') return { workflow: { name: 'other' }, with: { n: '1' } };
  if (kind === 'approval') return drawApproval(draws);
  if (kind === 'waitForSignal') return drawWait(draws);
  if (kind === 'resource') return { resource: { manifest: { kind: 'ConfigMap', metadata: { name: 'x' } } } };
  const output = draws.percent(70) ? { ...V, optional: true } : V;
  return { run: 'true', outputs: [output], ...(draws.percent(40) ? { env: { V: `\${{ ${read} }}` } } : {}) };
}

const PEOPLE = [undefined, { users: ['u1', 'u2'] }, { groups: ['g1'] }, { users: ['u3'], groups: ['g2'] }];

function drawApproval(draws: Draws): Partial<Task> {
  const approvers = draws.pick(PEOPLE);
  const onExpiry = draws.pick(['Reject', 'Approve', 'Escalate'] as const);
  const expiresAfter = draws.pick([undefined, '3s', '20s']);
  const later = { onExpiry: draws.pick(['Reject', 'Approve'] as const), expiresAfter: '4s' };
  const escalation = { approvers: { groups: ['g2'] }, ...(draws.percent(50) ? later : {}) };
  return {
    approval: {
      message: draws.pick(['Go?', 'Go ${{ params.n }}?']),
      approvals: 1 + draws.below(2),
      rejections: 1 + draws.below(2),
      allowUnattested: draws.percent(50),
      ...(approvers ? { approvers } : {}),
      ...(expiresAfter ? { expiresAfter, onExpiry, ...(onExpiry === 'Escalate' ? { escalation } : {}) } : {}),
      ...(draws.percent(40) ? { form: [{ ...V, default: '1' }] } : {}),
    },
  };
}

function drawWait(draws: Draws): Partial<Task> {
  const from = draws.pick(PEOPLE);
  const expiry = draws.pick([{}, { expiresAfter: '3s' }, { expiresAfter: '3s', onExpiry: 'Continue' as const }]);
  const values = draws.percent(50) ? { values: [draws.percent(50) ? V : { ...V, default: '1' }] } : {};
  const allowUnattested = draws.percent(50);
  return {
    waitForSignal: { name: draws.pick(['x', 'y']), allowUnattested, ...expiry, ...values, ...(from ? { from } : {}) },
  };
}

const GENERATED = [
  "[{'name': 'g', 'run': 'true'}, {'name': 'h', 'run': 'true', 'needs': ['g'], 'outputs': [{'name': 'v'}]}]",
  '[]',
  "[1, 2].map(n, {'name': 'g' + string(n), 'run': 'true', 'retry': {'limit': n}})",
  "[{'name': 'g', 'sleep': {'duration': '1s'}, 'forEach': {'sequence': {'to': params.n}}}]",
  "[{'name': 'g', 'run': 'true', 'loop': {'while': 'iteration < 2'}}]",
  "[{'name': 'g', 'needs': ['nobody'], 'run': 'true'}]",
  "'nothing'",
];

function drawForEach(draws: Draws, needs: readonly string[]): ForEach {
  const [need] = needs;
  const source = draws.pick<ForEach>([
    { items: [1, 'two', { three: 3 }] },
    { items: [] },
    { sequence: { from: 3, to: 0, step: -1 } },
    { sequence: { to: 1 } },
    { itemsFrom: "{'b': 1, 'a': 2}" },
    { itemsFrom: need ? `[tasks.${need}.outputs.v, 2]` : '[1, 2, 3].filter(n, n > params.n)' },
    { matrix: { axes: { os: ['x', 'y'], arch: [1, 2] }, exclude: [{ os: 'x', arch: 1 }], include: [{ os: 'z' }] } },
  ]);
  const parallelism = draws.pick([undefined, 1, 2, 3]);
  return { ...source, ...(parallelism ? { parallelism } : {}), failFast: draws.percent(30) };
}

function drawLoop(draws: Draws): NonNullable<Task['loop']> {
  const loop = draws.pick<NonNullable<Task['loop']>>([
    { while: 'iteration < 2' },
    { until: 'iteration == 1' },
    { until: "status == 'Succeeded'", maxIterations: 3 },
    { until: 'false', maxIterations: 2 },
    { state: { n: '0' }, next: { n: 'state.n + 1' }, until: 'state.n >= 2', while: 'state.n < 5' },
    { state: { n: '0' }, next: { n: 'outputs.v' }, until: 'outputs.v > 0', maxIterations: 3 },
  ]);
  const delay = draws.pick([undefined, undefined, '1s', '3s']);
  return { ...loop, ...(delay ? { delay } : {}), keepLast: draws.below(3) };
}

type Limits = Pick<Task, 'retry' | 'attemptTimeout' | 'pendingTimeout'>;

function drawLimits(draws: Draws, chance: number): Limits {
  const when = draws.pick([undefined, undefined, undefined, "attempt < 2 && reason != 'TimedOut'", 'nobody']);
  const retry = { limit: draws.below(3), backoff: { duration: '1s', jitter: draws.below(2) * 50 } };
  return {
    ...(draws.percent(chance * 2)
      ? { retry: { ...retry, ...(when ? { when } : {}), otherNode: draws.percent(20) } }
      : {}),
    ...(draws.percent(chance) ? { attemptTimeout: '3s' } : {}),
    ...(draws.percent(chance) ? { pendingTimeout: '2s' } : {}),
  };
}

function drawAttempts(draws: Draws): Partial<Task> {
  return {
    ...drawLimits(draws, 20),
    ...(draws.percent(20) ? { cache: { key: 'k-${{ params.n }}' } } : {}),
    ...(draws.percent(20) ? { semaphores: [{ name: 's', shareBy: 'run.name' }] } : {}),
  };
}

function drawHooks(draws: Draws, { templates }: Around): NonNullable<Task['hooks']> {
  const events = draws.some(['Started', 'Succeeded', 'Failed', 'Finished'] as const, 40);
  return events.map((event) => {
    const when = draws.percent(20) ? { on: event } : { event };
    const isTemplate = templates.includes('leaf') && draws.percent(30);
    return isTemplate ? { ...when, template: { name: 'leaf', kind: 'Local' } } : { ...when, run: 'true' };
  });
}

function drawUndo(draws: Draws, { templates }: Around): NonNullable<Task['undo']> {
  if (draws.percent(25)) return { template: { name: draws.pick(templates), kind: 'Local' } };
  return { run: 'true', ...(draws.percent(40) ? { retry: { limit: 1, backoff: { duration: '1s' } } } : {}) };
}
