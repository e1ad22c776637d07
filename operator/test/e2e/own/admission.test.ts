import { describe, expect } from 'vitest';
import { API_VERSION, type Signal, type Task, type WorkflowRun } from '../../../src/api/index.ts';
import { SIGNALS, WORKFLOW_RUNS } from '../../../src/controllers/index.ts';
import {
  admissionIsInForce,
  applyAdmission,
  policiesAreInForce,
  removeWebhook,
  webhookIsGone,
} from '../../support/admission.ts';
import { it, restartOperator, stage, useOperator } from '../../support/e2e.ts';
import { script, template, workflow } from '../../support/manifests.ts';
import type { Scenario } from '../../support/scenario.ts';

useOperator({ admission: true });

/** A person, as kubectl acts for them. */
const as = (user: string, ...groups: string[]) =>
  ['--as', user, ...['people', ...groups].flatMap((group) => ['--as-group', group])] as const;
const ADA = as('ada', 'release');
const BOB = as('bob');
const ROBOT = as('system:serviceaccount:default:robot', 'release');

/** Lets people do with signals and runs what they like, so that only admission stands in their way. */
async function givenPeople(scenario: Scenario): Promise<void> {
  const rule = '--verb=get,list,create,update,patch,delete';
  const resources =
    'signals.flow.ado.dev,workflowruns.flow.ado.dev,workflows.flow.ado.dev,workflowtemplates.flow.ado.dev';
  await scenario.kubectl(['create', 'role', 'people', rule, `--resource=${resources}`]);
  await scenario.kubectl(['create', 'rolebinding', 'people', '--role=people', '--group=people']);
}

const SHIP = 'ship-approve';

/** A run that Ada asked for and that asks people whether to ship; it goes on asking, whatever a few of them say. */
async function givenApproval(scenario: Scenario, approval: Partial<NonNullable<Task['approval']>> = {}): Promise<void> {
  await givenPeople(scenario);
  const task = { name: 'approve', approval: { message: 'Ship?', approvals: 50, rejections: 50, ...approval } };
  await scenario.given(workflow('ship', { tasks: [task] }));
  await scenario.kubectl([...ADA, 'create', '-f', '-'], runOf('ship', 'ship'));
  await scenario.until('people are asked', async () => {
    return (await scenario.kubectl(['get', 'asig', SHIP, '--ignore-not-found', '-o', 'name'])) !== '';
  });
}

const patch = (name: string, spec: Partial<Signal['spec']>, kind = 'asig') =>
  ['patch', kind, name, '--type=merge', '-p', JSON.stringify({ spec })] as const;
const signal = ({ client, namespace }: Scenario, name: string) => client.get<Signal>(SIGNALS, { name, namespace });
const answers = async (scenario: Scenario, name: string) =>
  (await signal(scenario, name)).spec.responses?.map(({ username, decision }) => `${username} ${decision}`) ?? [];
/** What lets go of an approval where no operator does. */
const NOT_HELD = JSON.stringify({ metadata: { finalizers: null } });
const data = (name: string, more = {}) => ({
  apiVersion: API_VERSION,
  kind: 'Signal',
  metadata: { name },
  spec: { type: 'Data', run: 'ship', name: 'paid', data: { amount: '1' }, ...more },
});

const runOf = (name: string, of: string) => ({
  apiVersion: API_VERSION,
  kind: 'WorkflowRun',
  metadata: { name },
  spec: { workflowRef: { name: of } },
});

interface Policies {
  readonly items: readonly {
    readonly status?: { readonly typeChecking?: { readonly expressionWarnings?: unknown[] } };
  }[];
}

/** What nobody may write, whether there is a webhook or not. Ada has approved. */
async function expectNoForgery(scenario: Scenario): Promise<void> {
  const [ada] = (await signal(scenario, SHIP)).spec.responses ?? [];
  const refused = (spec: object, user: readonly string[] = BOB) =>
    scenario.refused([...user, ...patch(SHIP, spec as Partial<Signal['spec']>)]);
  await refused({ responses: [ada, { username: 'eve', decision: 'Approve' }] });
  await refused({ responses: [ada, { username: 'bob', groups: ['release'], decision: 'Approve' }] });
  await refused({ responses: [{ ...ada, decision: 'Reject' }] });
  await refused({ responses: [{ ...ada, decision: 'Reject' }] }, ADA);
  await refused({ responses: null });
  await refused({ responses: [{ username: 'bob', decision: 'Approve' }] });
  const approval = { type: 'Approval', run: 'ship', task: 'x', request: { digest: 'd' } };
  const made = { apiVersion: API_VERSION, kind: 'Signal', metadata: { name: 'made' }, spec: approval };
  expect(await scenario.refused([...BOB, 'create', '-f', '-'], made)).toContain('only the operator creates Signals');
  const sent = data('forged', { sender: { username: 'ada' } });
  expect(await scenario.refused([...BOB, 'create', '-f', '-'], sent)).toContain('spec.sender');
  const asked = runOf('forged', 'none');
  const inName = { ...asked, spec: { ...asked.spec, requester: { username: 'ada' } } };
  expect(await scenario.refused([...BOB, 'create', '-f', '-'], inName)).toContain('spec.requester');
  const triggered = { ...asked, spec: { ...asked.spec, origin: { type: 'OnChange' } } };
  expect(await scenario.refused([...BOB, 'create', '-f', '-'], triggered)).toContain('spec.origin');
  const provenance = { requesters: ['ada'], depth: 0, proof: 'x' };
  const proven = { ...asked, spec: { ...asked.spec, provenance } };
  expect(await scenario.refused([...BOB, 'create', '-f', '-'], proven)).toContain('spec.provenance');
  expect(await answers(scenario, SHIP)).toEqual(['ada Approve']);
}

describe('with the webhook', () => {
  it('an answer becomes a response in the name of who gives it, and the inbox is empty', async ({ scenario }) => {
    await givenApproval(scenario);
    await scenario.kubectl([...ADA, ...patch(SHIP, { decision: 'Approve', comment: 'well' })]);
    const { spec } = await signal(scenario, SHIP);
    expect(spec).not.toHaveProperty('decision');
    expect(spec).not.toHaveProperty('comment');
    const [response] = spec.responses ?? [];
    expect(response).toMatchObject({ username: 'ada', decision: 'Approve', comment: 'well' });
    expect(response?.digest).toBe(spec.request?.digest);
    expect(response?.groups).toContain('release');
    expect(response?.attestation).toMatch(/^[\w-]{6}\.[\w-]{43}$/);
    expect(Math.abs(Date.parse(response?.time ?? '') - Date.now())).toBeLessThan(60_000);
  });

  it('the same answer again is no answer, another one is refused, and so is the edit of a label', async ({
    scenario,
  }) => {
    await givenApproval(scenario);
    await scenario.kubectl([...ADA, ...patch(SHIP, { decision: 'Approve' })]);
    const first = await signal(scenario, SHIP);
    await scenario.kubectl([...ADA, ...patch(SHIP, { decision: 'Approve' })]);
    expect(await scenario.refused([...BOB, 'label', 'asig', SHIP, 'seen=yes'])).toContain('ado-signals');
    expect((await signal(scenario, SHIP)).spec).toEqual(first.spec);
    const refusal = await scenario.refused([...ADA, ...patch(SHIP, { decision: 'Reject' })]);
    expect(refusal).toContain('you have answered already: Approve at ');
  });

  it('two people in the same moment are both recorded', async ({ scenario }) => {
    await givenApproval(scenario);
    const users = ['ada', 'bob', 'cleo', 'dan', 'eve'];
    await Promise.all(users.map((user) => scenario.kubectl([...as(user), ...patch(SHIP, { decision: 'Approve' })])));
    expect((await answers(scenario, SHIP)).sort()).toEqual(users.map((user) => `${user} Approve`));
  });

  it('nobody answers, sends or asks in the name of another', async ({ scenario }) => {
    await givenApproval(scenario);
    await scenario.kubectl([...ADA, ...patch(SHIP, { decision: 'Approve' })]);
    await expectNoForgery(scenario);
    const own = [{ username: 'bob', decision: 'Approve' as const }];
    const [ada] = (await signal(scenario, SHIP)).spec.responses ?? [];
    const refusal = await scenario.refused([...BOB, ...patch(SHIP, { responses: ada ? [ada, ...own] : own })]);
    expect(refusal).toContain('answer with spec.decision');
  });

  it('who is not asked is told so', async ({ scenario }) => {
    await givenApproval(scenario, { approvers: { groups: ['release'] }, notRequester: true });
    const answer = patch(SHIP, { decision: 'Approve' });
    expect(await scenario.refused([...BOB, ...answer])).toContain(
      '"bob" is not an approver; approvers: the groups release',
    );
    expect(await scenario.refused([...ADA, ...answer])).toContain('may not decide it');
    expect(await scenario.refused([...ROBOT, ...answer])).toContain('is a service account');
    await scenario.kubectl([...as('cleo', 'release'), ...answer]);
    expect(await answers(scenario, SHIP)).toEqual(['cleo Approve']);
  });

  it('values have to fit the form', async ({ scenario }) => {
    await givenApproval(scenario, { form: [{ name: 'size', type: 'Integer', maximum: 9 }] });
    const answer = (size: string) => patch(SHIP, { decision: 'Approve', values: { size } });
    expect(await scenario.refused([...ADA, ...answer('10')])).toContain('spec.values.size: 10 is more than 9');
    await scenario.kubectl([...ADA, ...answer('9')]);
    expect((await signal(scenario, SHIP)).spec.responses?.[0]?.values).toEqual({ size: '9' });
  });

  it('data that is sent says from whom, also under a generated name', async ({ scenario }) => {
    await givenPeople(scenario);
    await scenario.kubectl([...ADA, 'create', '-f', '-'], data('paid'));
    expect((await signal(scenario, 'paid')).spec.sender).toMatchObject({ username: 'ada' });
    const generated = { ...data(''), metadata: { generateName: 'paid-' } };
    const name = await scenario.kubectl([...BOB, 'create', '-o', 'jsonpath={.metadata.name}', '-f', '-'], generated);
    expect(name).toMatch(/^paid-[a-z0-9]{8}$/);
    expect((await signal(scenario, name)).spec.sender).toMatchObject({ username: 'bob' });
    await scenario.kubectl([...BOB, 'apply', '--server-side', '--force-conflicts', '-f', '-'], data('paid'));
    expect((await signal(scenario, 'paid')).spec.sender).toMatchObject({ username: 'ada' });
  });

  it('a run says who asked for it, and who changed its desired state', async ({ scenario }) => {
    await givenPeople(scenario);
    await scenario.given(workflow('waits', { tasks: [{ name: 'nap', sleep: { duration: '10m' } }] }));
    await scenario.kubectl([...ADA, 'create', '-f', '-'], runOf('asked', 'waits'));
    const running = await scenario.runIs('asked', 'is running', ({ status }) => status?.phase === 'Running');
    expect(running.status?.requester).toEqual({ username: 'ada', attested: true });
    await scenario.kubectl([
      ...BOB,
      'patch',
      'awr',
      'asked',
      '--type=merge',
      '-p',
      '{"spec":{"desiredState":"Terminated"}}',
    ]);
    const { spec, status } = await scenario.ended('asked');
    expect(spec.desiredStateBy).toMatchObject({ username: 'bob' });
    expect(status?.desiredStateBy).toMatchObject({ username: 'bob', attested: true });
    expect(status?.requester).toEqual({ username: 'ada', attested: true });
  });

  it('a run that a run starts is asked for by the same person, vouched for', async ({ scenario }) => {
    await givenPeople(scenario);
    await scenario.given(
      workflow('child', { tasks: [{ name: 'nap', sleep: { duration: '1s' } }] }),
      workflow('parent', { tasks: [{ name: 'start', workflow: { name: 'child' } }] }),
    );
    await scenario.kubectl([...ADA, 'create', '-f', '-'], runOf('parent', 'parent'));
    await scenario.ended('parent');
    const requesters = (await scenario.runs()).map(({ status }) => status?.requester);
    expect(requesters).toEqual(Array.from({ length: 2 }, () => ({ username: 'ada', attested: true })));
  });

  it('a definition that cannot run is refused with position and remedy, and so are parameters', async ({
    scenario,
  }) => {
    await givenPeople(scenario);
    const apply = [...ADA, 'apply', '--server-side', '-f', '-'];
    const broken = workflow('broken', {
      tasks: [
        script('a', 'true'),
        script('b', 'true'),
        script('c', 'true', { env: { X: '${{ tasks.d.outputs.x }}' } }),
      ],
    });
    expect(await scenario.refused(apply, broken)).toContain('spec.tasks[2].env.X: ');
    const spec = { version: '1.0.0', tasks: [script('a', 'true', { env: { X: '${{ params.none }}' } })] };
    expect(await scenario.refused(apply, template('broken', spec))).toContain('spec.tasks[0].env.X: ');
    const size = { name: 'size', type: 'Integer' as const };
    await scenario.kubectl(apply, workflow('sized', { parameters: [size], tasks: [script('a', 'true')] }));
    const run = runOf('sized', 'sized');
    const of = (value?: string) => ({
      ...run,
      spec: { ...run.spec, ...(value === undefined ? {} : { parameters: [{ name: 'size', value }] }) },
    });
    expect(await scenario.refused(apply, of())).toContain('spec.parameters: "size" is required');
    expect(await scenario.refused(apply, of('big'))).toContain('spec.parameters: "size": "big" is not an Integer');
    await scenario.kubectl(apply, of('3'));
  });

  it('what does not fit its schema is told with what to write', async ({ scenario }) => {
    await givenPeople(scenario);
    const object = workflow('wrong', { tasks: [script('a', 'true')] });
    const refused = async (fields: object) => {
      const tasks = [{ ...script('a', 'true'), ...fields }];
      return scenario.refused([...ADA, 'create', '-f', '-'], { ...object, spec: { tasks } });
    };
    const cases: readonly (readonly [object, string])[] = [
      [{ needs: 'a' }, 'spec.tasks[0].needs: "a" is a string, not a list; write [a]'],
      [{ env: { X: 3 } }, 'spec.tasks[0].env.X: 3 is a number, not a string; write it in quotes: "3"'],
      [
        { runIf: 'Sometimes' },
        'spec.tasks[0].runIf: "Sometimes" is not allowed; write one of Succeeded, Failed, Always',
      ],
    ];
    for (const [fields, sentence] of cases) {
      const said = await refused(fields);
      expect(said).toContain(sentence);
      expect(said).not.toContain('<nil>');
    }
  });

  it('what is hardly meant is taken with one warning each, which Ready keeps', async ({ scenario }) => {
    await givenPeople(scenario);
    const byHand = workflow('by-hand', { tasks: [script('a', 'true', { env: { X: '{{ params.x }}' } })] });
    const { kubectl } = stage();
    const { code, stderr } = await kubectl.try(['-n', scenario.namespace, ...ADA, 'create', '-f', '-'], byHand);
    expect(code).toBe(0);
    const told = [
      'spec.tasks[0].env.X: "{{ params.x }}" is not replaced; write ${{ params.x }}',
      'spec.triggers: no trigger starts this Workflow; start a run by hand (docs/guides/run-by-hand.md): echo ',
    ];
    const warnings = stderr.trim().split('\n');
    expect(warnings).toEqual(told.map((text) => expect.stringContaining(`Warning: ${text}`)));
    const ready = await scenario.until('Ready says it too', async () => {
      const { conditions = [] } = (await scenario.workflow('by-hand')).status ?? {};
      return conditions.find(({ type, status }) => type === 'Ready' && status === 'True');
    });
    for (const text of told) expect(ready.message).toContain(text);
  });

  it('leaves a namespace to the operator that its label names', async ({ scenario }) => {
    await givenPeople(scenario);
    await stage().kubectl.run(['label', 'namespace', scenario.namespace, 'flow.ado.dev/operator=team.runner']);
    const asked = runOf('triggered', 'none');
    const triggered = { ...asked, spec: { ...asked.spec, origin: { type: 'OnChange' } } };
    const create = ['create', '-f', '-'];
    const other = as('system:serviceaccount:team:other');
    expect(await scenario.refused([...other, ...create], triggered)).toContain('spec.origin');
    await scenario.until('the label is known to the API server', async () => {
      const runner = ['-n', scenario.namespace, ...as('system:serviceaccount:team:runner'), ...create];
      return (await stage().kubectl.try(runner, triggered)).code === 0;
    });
    await scenario.until('the webhook is not asked', async () => {
      await scenario.kubectl([...ADA, ...create], { ...data(''), metadata: { generateName: 'sent-' } });
      const { items } = await scenario.client.list<Signal>(SIGNALS, { namespace: scenario.namespace });
      return items.some(({ spec }) => spec.sender === undefined);
    });
  });

  it('what is only not there yet is no reason to refuse', async ({ scenario }) => {
    await givenPeople(scenario);
    const uses = workflow('uses', { tasks: [{ name: 'a', template: { name: 'later' } }] });
    const apply = [...ADA, 'apply', '--server-side', '-f', '-'];
    await scenario.kubectl(apply, uses);
    await scenario.kubectl(apply, runOf('early', 'nowhere'));
  });
});

/** For signals, for runs, Backfills and Workflows, for Workflows that nothing starts, for the marks of what runs own, and for what the operator writes. */
const POLICIES = 7;

describe('the policies', () => {
  it('say nothing that the API server does not understand', async ({ scenario }) => {
    const { kubectl } = stage();
    const checked = await scenario.until('their types are checked', async () => {
      const { items } = JSON.parse(await kubectl.run(['get', 'validatingadmissionpolicy', '-o', 'json'])) as Policies;
      return items.length === POLICIES && items.every(({ status }) => status?.typeChecking) && items;
    });
    expect(checked.map(({ status }) => status?.typeChecking?.expressionWarnings ?? [])).toEqual(
      Array.from({ length: POLICIES }, () => []),
    );
  });
});

describe('while the webhook is down', () => {
  it('signals and runs are refused, and neither definitions nor what changes no specification', async ({
    scenario,
  }) => {
    await givenApproval(scenario);
    await restartOperator(async () => {
      expect(await scenario.refused([...ADA, ...patch(SHIP, { decision: 'Approve' })])).toContain(
        'signals.flow.ado.dev',
      );
      expect(await scenario.refused([...ADA, 'create', '-f', '-'], data('paid'))).toContain('signals.flow.ado.dev');
      expect(await scenario.refused([...ADA, 'create', '-f', '-'], runOf('asked', 'none'))).toContain(
        'runs.flow.ado.dev',
      );
      await scenario.kubectl([...ADA, 'create', '-f', '-'], workflow('fine', { tasks: [script('a', 'true')] }));
      await scenario.kubectl([...ADA, 'label', 'awr', '--all', 'team=blue']);
      await scenario.kubectl(['patch', 'asig', SHIP, '--type=merge', '-p', NOT_HELD]);
      await scenario.kubectl(['delete', 'asig', SHIP]);
    });
    await admissionIsInForce(stage().kubectl);
    await scenario.kubectl([...ADA, 'create', '-f', '-'], data('paid'));
  });
});

describe('without the webhook', () => {
  it('the policies alone keep people from answering, sending and asking in the name of others', async ({
    scenario,
  }) => {
    const { kubectl } = stage();
    const url = await kubectl.run([
      ...['get', 'mutatingwebhookconfiguration', 'ado-admission'],
      ...['-o', 'jsonpath={.webhooks[0].clientConfig.url}'],
    ]);
    await givenApproval(scenario);
    await scenario.kubectl([...ADA, ...patch(SHIP, { decision: 'Approve' })]);
    const [ada] = (await signal(scenario, SHIP)).spec.responses ?? [];
    await removeWebhook(kubectl);
    try {
      await webhookIsGone(kubectl);
      await policiesAreInForce(kubectl);
      await expectNoForgery(scenario);
      const inbox = await scenario.refused([...BOB, ...patch(SHIP, { decision: 'Approve' })]);
      expect(inbox).toContain('the admission webhook is off');
      const own = { username: 'bob', decision: 'Approve' as const };
      await scenario.kubectl([...BOB, ...patch(SHIP, { responses: ada ? [ada, own] : [own] })]);
      expect(await answers(scenario, SHIP)).toEqual(['ada Approve', 'bob Approve']);
      expect(await scenario.refused([...BOB, 'label', 'asig', SHIP, 'seen=yes'])).toContain('ado-signals');
      await scenario.kubectl([...BOB, 'create', '-f', '-'], data('paid', { sender: { username: 'bob' } }));
      await scenario.kubectl([...BOB, 'create', '-f', '-'], runOf('asked', 'none'));
      const run: WorkflowRun = await scenario.client.get(WORKFLOW_RUNS, {
        name: 'asked',
        namespace: scenario.namespace,
      });
      expect(run.spec).not.toHaveProperty('requester');
    } finally {
      await applyAdmission(kubectl, url);
      await restartOperator();
      await admissionIsInForce(kubectl);
    }
  });
});
