/**
 * Who: ada and bob, who may create WorkflowRuns in the namespace and answer its signals. Both are among those who may
 * approve a release, but not one that they have asked for themselves.
 * What they try: to ship something else, or for somebody else, on an approval that was given to an earlier run, by a fork
 * with other parameters, one of a run that was not asked, one of a newer definition, or a retry of what they approved.
 * What must be: people are asked again before anything is shipped, and the run says why. What was approved for the same
 * run of the same person is not asked again.
 */
import { describe, expect } from 'vitest';
import type { WorkflowRun } from '../../src/api/index.ts';
import { APPROVE, inRelease, RELEASE } from '../support/approval.ts';
import { it, useOperator } from '../support/e2e.ts';
import { type Manifest, script, workflow, workflowRun } from '../support/manifests.ts';
import { givenStaff, type Person, signalWaits } from '../support/people.ts';
import { outputsOf, phasesOf, rowOf, type Scenario } from '../support/scenario.ts';

useOperator({ admission: true });

type From = NonNullable<WorkflowRun['spec']['from']>;
type Values = Readonly<Record<string, string>>;

const FORK: From = { run: 'first', mode: 'Fork', task: 'ship' };

/** Builds a version, asks before it goes to production, and ships what was built. */
function release(command = 'echo "shipped=$DIGEST" > $ADO_OUTPUTS'): Manifest {
  return workflow('release', {
    parameters: [
      { name: 'version', default: '1.0' },
      { name: 'target', default: 'production' },
    ],
    tasks: [
      script('build', 'echo "digest=of-$VERSION" > $ADO_OUTPUTS', {
        env: { VERSION: '${{ params.version }}' },
        outputs: [{ name: 'digest' }],
      }),
      {
        name: 'approve',
        needs: ['build'],
        when: "params.target == 'production'",
        approval: { message: 'Ship ${{ params.version }}?', approvers: RELEASE, notRequester: true },
      },
      script('ship', command, {
        needs: ['approve'],
        env: { DIGEST: '${{ tasks.build.outputs.digest }}', TARGET: '${{ params.target }}' },
        outputs: [{ name: 'shipped' }],
      }),
    ],
  });
}

async function asks(person: Person, name: string, values: Values = {}, from?: From): Promise<void> {
  const run = workflowRun(name, 'release', values);
  const spec = { ...(run.spec as object), ...(from ? { from } : {}) };
  await person.kubectl(['create', '-f', '-'], { ...run, spec });
}

interface Staff {
  readonly ada: Person;
  readonly bob: Person;
  readonly cyd: Person;
}

/** The people, and a run that ada has asked for and, where people are asked, bob has approved. */
async function givenFirst(scenario: Scenario, values: Values = {}): Promise<Staff> {
  await givenStaff(scenario);
  await scenario.given(release());
  await scenario.workflowIs('release', 'True');
  const [ada, bob, cyd] = inRelease(scenario, 'ada', 'bob', 'cyd');
  if (!ada || !bob || !cyd) throw new Error('there are three people');
  await asks(ada, 'first', values);
  if (values.target === undefined) {
    await signalWaits(scenario, 'first-approve');
    await bob.answer('first-approve', APPROVE);
  }
  expect((await scenario.ended('first')).status?.phase).toBe('Succeeded');
  return { ada, bob, cyd };
}

/** Waits until the run asks, and returns it: it has shipped nothing. */
async function isAskedAgain(scenario: Scenario, message = 'Ship 1.0?'): Promise<WorkflowRun> {
  const { spec } = await signalWaits(scenario, 'again-approve');
  expect(spec.request?.message).toBe(message);
  const run = await scenario.run('again');
  expect(phasesOf(run)).toMatchObject({ ship: 'Pending' });
  return run;
}

async function stop(scenario: Scenario): Promise<void> {
  await scenario.kubectl(['patch', 'awr', 'again', '--type=merge', '-p', '{"spec":{"desiredState":"Terminated"}}']);
  await scenario.ended('again');
}

describe('an approval of an earlier run', () => {
  it.concurrent('ships no other version, and nothing that was built for another', async ({ scenario }) => {
    const { ada, bob } = await givenFirst(scenario);
    await asks(ada, 'again', { version: '6.6.6' }, FORK);
    const asking = await isAskedAgain(scenario, 'Ship 6.6.6?');
    expect(asking.status?.origin?.repeated).toBe(
      'repeated: build (params.version differs), approve (comes after build)',
    );
    await bob.answer('again-approve', APPROVE);
    expect(outputsOf(await scenario.ended('again'), 'ship')).toEqual({ shipped: 'of-6.6.6' });
  });

  it.concurrent('that was never asked for, for a test, is asked for production', async ({ scenario }) => {
    const { ada } = await givenFirst(scenario, { target: 'test' });
    expect(phasesOf(await scenario.run('first'))).toMatchObject({ approve: 'Skipped', ship: 'Succeeded' });
    await asks(ada, 'again', { target: 'production' }, FORK);
    const asking = await isAskedAgain(scenario);
    expect(rowOf(asking, 'build').from).toBe('first/build');
    await stop(scenario);
  });

  it.concurrent('allows no script that nobody has approved, of a newer definition', async ({ scenario }) => {
    const { ada } = await givenFirst(scenario);
    await scenario.given(release('echo shipped=evil > $ADO_OUTPUTS'));
    await scenario.workflowIs('release', 'True');
    await asks(ada, 'again', {}, { ...FORK, definition: 'Latest' });
    const asking = await isAskedAgain(scenario);
    expect(asking.status?.origin?.repeated).toBe('repeated: approve (asked again: the definition differs)');
    await stop(scenario);
  });

  it.concurrent('counts no vote of whoever asks now', async ({ scenario }) => {
    const { bob, cyd } = await givenFirst(scenario);
    await asks(bob, 'again', {}, { run: 'first', mode: 'Retry' });
    const asking = await isAskedAgain(scenario);
    expect(asking.status?.origin?.repeated).toContain('approve (asked again: another person requested this run)');
    expect(await bob.refusedAnswer('again-approve', APPROVE)).toContain('requested the run and may not decide it');
    await cyd.answer('again-approve', APPROVE);
    expect(outputsOf(await scenario.ended('again'), 'approve')).toMatchObject({ approvers: ['cyd'] });
  });

  it.concurrent('stands for the same run of the same person', async ({ scenario }) => {
    const { ada } = await givenFirst(scenario);
    await asks(ada, 'again', {}, FORK);
    const again = await scenario.ended('again');
    expect(again.status?.phase).toBe('Succeeded');
    expect(again.status?.origin?.repeated).toBeUndefined();
    expect(rowOf(again, 'approve').from).toBe('first/approve');
    expect(outputsOf(again, 'ship')).toEqual({ shipped: 'of-1.0' });
  });
});
