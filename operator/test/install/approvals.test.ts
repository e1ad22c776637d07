/** Who decided, with the operator in the cluster: the proofs of test/e2e/own/approvals.test.ts once more, as it is installed. */
import { beforeAll, describe, expect, it } from 'vitest';
import { API_VERSION } from '../../src/api/index.ts';
import { policiesAreInForce, removeWebhook, webhookIsGone } from '../support/admission.ts';
import { APPROVE, givenApproval, inRelease, REJECT, RELEASE, votes } from '../support/approval.ts';
import { OPERATOR_NAMESPACE } from '../support/installation.ts';
import { workflowRun } from '../support/manifests.ts';
import { dataSignal, Person, signalEnds, signalIs, signalOf } from '../support/people.ts';
import { conditionOf, outputsOf, type Scenario } from '../support/scenario.ts';
import { FULL } from '../support/tier.ts';
import { install, rolledOut, scenario, stage, useCluster } from './stage.ts';

useCluster();

beforeAll(() => install());

const SHIP = 'ship-approve';

/** What nobody may write, whoever has answered already. */
async function expectNoForgery(here: Scenario): Promise<void> {
  const eve = new Person(here, 'eve', ['release']);
  const { responses = [] } = (await signalOf(here, SHIP)).spec;
  const write = (value: object) => eve.refusedAnswer(SHIP, { responses: value });
  await write([...responses, { username: 'dan', decision: 'Approve' }]);
  await write([]);
  if (responses[0]) await write([{ ...responses[0], decision: 'Reject' }, ...responses.slice(1)]);
  const approval = { type: 'Approval', run: 'ship', task: 'x', request: { digest: 'd' } };
  const made = { apiVersion: API_VERSION, kind: 'Signal', metadata: { name: 'made' }, spec: approval };
  expect(await eve.refused(['create', '-f', '-'], made)).toContain('only the operator creates Signals');
  expect((await signalOf(here, SHIP)).spec.responses ?? []).toEqual(responses);
}

async function scale(replicas: number): Promise<void> {
  await stage().kubectl.run(['scale', '-n', OPERATOR_NAMESPACE, 'deploy/ado-operator', `--replicas=${replicas}`]);
  await rolledOut();
}

describe('an approval, with the operator in the cluster', () => {
  it('records who did it, each person once, and no change that is not theirs; a deleted signal loses no vote', async () => {
    const here = await scenario();
    await givenApproval(here, { approvers: RELEASE, approvals: 3 });
    const [ada, bob, cyd, eve] = inRelease(here, 'ada', 'bob', 'cyd', 'eve');
    await Promise.all([ada?.answer(SHIP, APPROVE), bob?.answer(SHIP, APPROVE)]);
    const { metadata, spec } = await votes(here, '2/3');
    expect(spec.responses?.map(({ username }) => username).sort()).toEqual(['ada', 'bob']);
    await ada?.answer(SHIP, APPROVE);
    expect(await ada?.refusedAnswer(SHIP, REJECT)).toContain('you have answered already: Approve');
    expect(await eve?.refused(['label', 'asig', SHIP, 'looked=at'])).toContain('ado-signals');
    await expectNoForgery(here);
    await eve?.kubectl(['delete', 'asig', SHIP]);
    const isAnother = (uid?: string) => uid !== metadata.uid;
    await signalIs(here, SHIP, 'is another', (it) => isAnother(it.metadata.uid) && it.status?.votes === '2/3');
    await cyd?.answer(SHIP, APPROVE);
    const { approvers } = outputsOf(await here.ended('ship'), 'approve') as { approvers: string[] };
    expect(approvers.sort()).toEqual(['ada', 'bob', 'cyd']);
    await here.end();
  });

  it('is not given, nor kept from being given, by what a stranger made ahead under its name', FULL, async () => {
    const here = await scenario();
    await givenApproval(here, { approvers: RELEASE });
    const [ada] = inRelease(here, 'ada');
    await ada?.send(dataSignal('again-approve', 'again', 'approve'));
    await here.given(workflowRun('again', 'ship'));
    const row = await here.until('the task asks', async () => {
      const { status } = await here.run('again');
      return status?.tasks?.find(({ message }) => /asig \S+/.test(message ?? ''));
    });
    const name = /asig (\S+)/.exec(row.message ?? '')?.[1] ?? '';
    expect(name).not.toBe('again-approve');
    await ada?.answer(name, APPROVE);
    expect(outputsOf(await here.ended('again'), 'approve')).toMatchObject({ approvers: ['ada'] });
    await here.end();
  });

  it(
    'takes nothing in the name of another while the webhook is gone, and no vote that is dated back',
    FULL,
    async () => {
      const here = await scenario();
      try {
        await removeWebhook(stage().kubectl);
        await webhookIsGone(stage().kubectl);
        await policiesAreInForce(stage().kubectl);
        await givenApproval(here, { approvers: RELEASE, approvals: 2, allowUnattested: true, expiresAfter: '30s' });
        const asked = await signalOf(here, SHIP);
        const expires = Date.parse(asked.status?.expiresAt ?? '');
        const [ada, bob] = inRelease(here, 'ada', 'bob');
        expect(await ada?.refusedAnswer(SHIP, APPROVE)).toContain('the admission webhook is off');
        await ada?.respond(SHIP, { decision: 'Approve' });
        await votes(here, '1/2');
        await expectNoForgery(here);
        await scale(0);
        await here.until('it has expired', async () => Date.now() > expires + 1000);
        await bob?.respond(SHIP, { decision: 'Approve', time: new Date(expires - 20_000).toISOString() });
        await scale(2);
        expect(conditionOf(await here.ended('ship'), 'Succeeded')).toMatchObject({ status: 'False' });
        expect((await signalEnds(here, SHIP)).status).toMatchObject({ phase: 'Expired' });
      } finally {
        await scale(2);
        await install();
      }
      await here.end();
    },
  );
});
