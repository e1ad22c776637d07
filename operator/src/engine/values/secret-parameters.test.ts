import { describe, expect, it } from 'vitest';
import type { Definition, Parameter, Task, WorkflowSpec } from '../../api/index.ts';
import { resolveLibrary } from '../plan/library.ts';
import { Simulation } from '../testing/simulation.ts';
import { parameterProblems, unusableProblems } from '../validate/parameters.ts';
import { lines, specOf } from '../validate/samples.ts';
import { validateWorkflow } from '../validate/workflow.ts';
import { resolveParameters } from './parameters.ts';
import { triggerParameters } from './triggers.ts';

const token = (more: Partial<Parameter> = {}): Parameter => ({ name: 'token', type: 'Secret', ...more });
const OWN = token({ default: 'db/password' });
const LISTED = token({ allowed: { names: ['db', 'deploy-*'] } });
const given = (value: string) => [{ name: 'token', value }];

describe('a parameter of the type Secret', () => {
  it.each([
    ['its default', OWN, 'db/password'],
    ['a name that is allowed', LISTED, 'db/user'],
    ['a name that begins as one that is allowed', LISTED, 'deploy-eu/token'],
    ['a value of its enum', token({ enum: ['db/password', 'db/user'] }), 'db/user'],
    ['its default beside those that are allowed', { ...LISTED, default: 'own/token' }, 'own/token'],
  ])('takes %s', (_what, parameter, value) => {
    expect(resolveParameters([parameter], given(value))).toEqual({ values: { token: value } });
  });

  it.each([
    ['another Secret than its default', OWN, 'admin/token', 'the Secret "admin/token" is not the default'],
    ['another key of its default', OWN, 'db/admin', 'the Secret "db/admin" is not the default'],
    ['a name that is not allowed', LISTED, 'admin/token', 'is not in allowed.names of the parameter: db, deploy-*'],
    ['a name that only begins with one', LISTED, 'db-admin/token', 'is not in allowed.names'],
    ['a name before the star', LISTED, 'deploy/token', 'is not in allowed.names'],
    ['what is not in its enum', token({ enum: ['db/password'] }), 'db/admin', 'is not one of its values'],
    [
      'what its enum has not, though it is allowed',
      { ...LISTED, enum: ['db/user'] },
      'db/admin',
      'is not one of its values',
    ],
    ['anything where nothing is allowed', token(), 'db/password', 'allowed.names'],
  ])('refuses %s, with field, value and remedy', (_what, parameter, value, message) => {
    const resolved = resolveParameters([parameter], given(value));
    expect(resolved).toEqual({ problem: expect.stringMatching(/^spec\.parameters: "token": .*(;|:) /) });
    expect(resolved).toMatchObject({ problem: expect.stringContaining(message) });
  });

  it('refuses what is read for it as well: whoever may write a ConfigMap must not choose', () => {
    expect(resolveParameters([OWN], [], new Map([['token', 'admin/token']]))).toHaveProperty('problem');
    expect(resolveParameters([LISTED], [], new Map([['token', 'db/user']]))).toEqual({ values: { token: 'db/user' } });
  });

  it('is refused when no run could give it a value, or when it is of another type', () => {
    const wrong = token({ allowed: { names: ['db', '*', 'a*b', 'DB', 'a-*'] } });
    expect(parameterProblems([wrong]).map(({ path }) => path)).toEqual(
      [1, 2, 3].map((at) => `spec.parameters[0].allowed.names[${at}]`),
    );
    const messages = [
      ...unusableProblems([token(), OWN, LISTED]),
      ...parameterProblems([{ name: 'a', allowed: { names: ['x'] } }]),
    ];
    expect(messages.map(({ path, message }) => `${path}: ${String(message)}`)).toEqual([
      'spec.parameters[0].allowed: "token" accepts no Secret; list the Secrets that runs may use in allowed.names, or set a default',
      'spec.parameters[0].allowed: "a" is of type String, and allowed applies only to Secret; remove it, or use enum',
    ]);
  });
});

const NOTHING = { body: {}, headers: {}, query: {} };
const with_ = (value: string) => ({ with: { token: value } });

describe('which Secret is read', () => {
  it('is not chosen by what makes a trigger go off', () => {
    const values = { token: '${{ body.token }}' };
    const context = { ...NOTHING, body: { token: 'admin/token' } };
    expect(triggerParameters(values, [LISTED], context)).toMatchObject({ field: 'with' });
    expect(triggerParameters(values, [LISTED], { ...NOTHING, body: { token: 'db/x' } })).toHaveProperty('parameters');
  });

  it.each([
    ['webhook', { webhooks: [{ name: 'a', auth: { token: { header: 'X', secretKeyRef: { name: 's', key: 'k' } } } }] }],
    ['completion', { completions: [{ name: 'a', workflow: 'other' }] }],
    ['schedule', { schedules: [{ name: 'a', cron: '0 0 * * *' }] }],
  ])('is told when the definition is judged, where a %s gives another one', (_kind, triggers) => {
    const judged = (value: string) => {
      const [[list, [trigger]]] = Object.entries(triggers) as [[string, object[]]];
      const spec = specOf([{ run: 'true' }], {
        parameters: [LISTED],
        triggers: { [list]: [{ ...trigger, ...with_(value) }] },
      } as never);
      return lines(validateWorkflow(spec)).join();
    };
    expect(judged('admin/token')).toContain('.with.token: the Secret "admin/token" is not in allowed.names');
    expect(judged('db/token')).toBe('');
  });
});

const inner = (parameter: Parameter) => ({
  name: 'inner',
  parameters: [parameter],
  tasks: [{ name: 'use', image: 'busybox', run: 'true', env: { TOKEN: '${{ params.token }}' } }],
});
const PLAIN = { name: 'plain', default: 'admin/token' };

function problemsOf(
  uses: Omit<Task, 'name'>,
  parameter: Parameter = token(),
  more: Partial<WorkflowSpec> = {},
): string {
  const spec = specOf([{ template: { name: 'inner' }, ...uses }], {
    ...{ parameters: [OWN, PLAIN], templates: [inner(parameter)] },
    ...more,
  });
  return lines(validateWorkflow(spec)).join();
}

describe('which Secret a template reads', () => {
  it('is said by the definition: by its name, or by a parameter of the type Secret', () => {
    expect(problemsOf(with_('any/key'))).toBe('');
    expect(problemsOf(with_('${{ params.token }}'))).toBe('');
  });

  it.each([
    ['another parameter', { ...with_('${{ params.plain }}') }],
    ['a part of a text', { ...with_('${{ params.token }}x') }],
    ['an item', { ...with_('${{ item }}'), forEach: { items: ['admin/token'] } }],
    [
      'the state of a loop',
      { ...with_('${{ state.s }}'), loop: { state: { s: '"admin/token"' }, until: 'true', maxIterations: 1 } },
    ],
  ])('is not said by %s, unless the template says which it takes', (_what, uses) => {
    expect(problemsOf(uses)).toContain('with.token: the Secret of "token" would depend on values');
    expect(problemsOf(uses, LISTED)).toBe('');
  });

  it('is one of those that the template allows, where it says so', () => {
    expect(problemsOf(with_('any/key'), LISTED)).toContain('is not in allowed.names');
    expect(problemsOf(with_('db/key'), LISTED)).toBe('');
  });
});

/** How the one task of a workflow ends, whatever the validation would have said of it. */
function ended(tasks: Task[], parameter: Parameter, more: Partial<Definition> = {}) {
  const source = {
    defaults: { image: 'busybox' },
    parameters: [OWN, PLAIN],
    tasks,
    templates: [inner(parameter)],
    ...more,
  };
  const resolved = resolveLibrary(source, () => ({ problem: 'none' }));
  if ('problems' in resolved) throw new Error(JSON.stringify(resolved.problems));
  const parameters = { token: 'db/password', plain: 'admin/token' } as never;
  const simulation = new Simulation(resolved.definition, { parameters }).run();
  const { phase } = simulation.state.finished ?? {};
  const start = [...simulation.pods.values()].map(({ path }) => simulation.started(path));
  return {
    phase,
    said: simulation.history.join(),
    secrets: JSON.stringify(start.map((it) => ('rendered' in (it ?? {}) ? it : {}))),
  };
}
const using = (uses: Omit<Task, 'name'>): Task => ({ name: 'go', template: { name: 'inner' }, ...uses });

describe('a run', () => {
  it.each([
    ['another parameter', [using(with_('${{ params.plain }}'))]],
    ['an item', [using({ ...with_('${{ item }}'), forEach: { items: ['admin/token'] } })]],
    [
      'the state of a loop',
      [
        using({
          ...with_('${{ state.s }}'),
          loop: { state: { s: '"admin/token"' }, until: 'true', maxIterations: 1 },
        }),
      ],
    ],
    [
      'a task that was generated',
      [
        {
          name: 'go',
          generate: { tasks: '[{"name": "a", "template": {"name": "inner"}, "with": {"token": params.plain}}]' },
        },
      ],
    ],
  ] as [string, Task[]][])('reads no Secret that %s chooses', (_what, tasks) => {
    for (const parameter of [token(), LISTED]) {
      const { phase, secrets, said } = ended(tasks, parameter);
      expect(phase, said).toBe('Failed');
      expect(secrets).not.toContain('admin');
    }
  });

  it('reads what the definition says', () => {
    expect(ended([using(with_('any/key'))], token())).toMatchObject({
      phase: 'Succeeded',
      secrets: expect.stringContaining('any'),
    });
    expect(ended([using(with_('${{ params.token }}'))], token()).secrets).toContain(
      '"secretEnv":{"TOKEN":{"name":"db"',
    );
  });

  it('does not go on as one that reads another Secret', () => {
    const continueAsNew = { when: 'true', with: { token: '${{ params.plain }}' } };
    const { phase, said } = ended([{ name: 'a', run: 'true' }], token(), { continueAsNew });
    expect(phase).toBe('Failed');
    expect(said).toContain('spec.continueAsNew.with.token');
  });
});
