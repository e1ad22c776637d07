/**
 * Who: a user who may create WorkflowRuns in the namespace, and reaches the port of the webhook, as any pod may where no
 * NetworkPolicy is in the way.
 * What they try: to read the path of the webhook from the error that they get while no replica answers, and then to have the
 * webhook vouch for an administrator of their invention, by a review of their own at that path.
 * What must be: the path in the error is of no use once a replica answers again, nor is the one before the last; the API
 * server is told another one.
 */
import { request } from 'node:https';
import { describe, expect } from 'vitest';
import { API_VERSION, GROUP } from '../../src/api/index.ts';
import { admissionIsInForce } from '../support/admission.ts';
import { Attacker } from '../support/attacker.ts';
import { it, restartOperator, stage, useOperator } from '../support/e2e.ts';
import type { Manifest } from '../support/manifests.ts';

useOperator({ admission: true, flags: ['--admission-path-period', '5s'] });

const runOf = (name: string): Manifest => ({
  ...{ apiVersion: API_VERSION, kind: 'WorkflowRun', metadata: { name } },
  spec: { workflowRef: { name: 'none' } },
});

/** Where the API server is told to ask. */
const toldUrl = () =>
  stage().kubectl.run([
    ...['get', 'mutatingwebhookconfiguration', 'ado-admission'],
    ...['-o', 'jsonpath={.webhooks[0].clientConfig.url}'],
  ]);

/** The status of the answer to a review that says that an administrator creates a run. */
function forge(url: string): Promise<number> {
  const userInfo = { username: 'kubernetes-admin', groups: ['system:masters'] };
  const review = {
    ...{ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' },
    request: {
      ...{ uid: 'forged', operation: 'CREATE', namespace: 'default', userInfo },
      ...{ resource: { resource: 'workflowruns' }, object: runOf('forged') },
    },
  };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', rejectUnauthorized: false, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end(JSON.stringify(review));
  });
}

describe('the path of the admission webhook', () => {
  it('that an error told while no replica answered is worth nothing when one does', async ({ scenario }) => {
    const mallory = await Attacker.with(scenario, { group: GROUP, resources: ['workflowruns'], verbs: ['create'] });
    let told = '';
    await restartOperator(async () => {
      const error = await mallory.refused(['create', '-f', '-'], runOf('mine'));
      told = /https:\/\/\S+\/review\/[0-9a-f]{64}/.exec(error)?.[0] ?? '';
      expect(told, error).not.toBe('');
    });
    await admissionIsInForce(stage().kubectl);
    await scenario.until('the path that was told is not believed', async () => (await forge(told)) === 404);
    const now = await toldUrl();
    expect(now).not.toBe(told);
    // Whoever reads the configurations, as administrators do, can still ask: what is refused is the path, not the review.
    expect(await forge(now)).toBe(200);
  });

  it('changes by itself, and nobody is turned away meanwhile', async ({ scenario }) => {
    await admissionIsInForce(stage().kubectl);
    const paths = new Set<string>();
    await scenario.until('there were four paths', async () => {
      const sender = { apiVersion: API_VERSION, kind: 'Signal', metadata: { name: 'probe' } };
      const spec = { type: 'Data', run: 'probe', name: 'probe' };
      await scenario.kubectl(['create', '--dry-run=server', '-f', '-'], { ...sender, spec });
      paths.add(await toldUrl());
      return paths.size >= 4;
    });
    const [first = ''] = paths;
    expect(await forge(first)).toBe(404);
  });
});
