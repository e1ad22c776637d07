/**
 * Who: whoever reaches the port of the webhooks. Right: none.
 * Tries: to learn which namespaces, Workflows and triggers there are, which of them lack their Secret, and how large a
 * body they take, by comparing answers and times; and to change what a signed request that was seen says, by its headers,
 * its query and its content type.
 * Must be: one answer in one time for all that is not authenticated, and no run; of a signed request only what is signed
 * counts.
 */
import { describe, expect } from 'vitest';
import { it, useOperator } from '../support/e2e.ts';
import { freePort } from '../support/operator-process.ts';
import type { Scenario } from '../support/scenario.ts';
import { BY_HMAC, grantSecrets, hooked, send, senderSecret } from '../support/webhooks.ts';

const ADDRESS = `127.0.0.1:${await freePort()}`;
useOperator({ flags: ['--hooks-address', ADDRESS] });

const FORGED = { 'x-hub-signature-256': `sha256=${'00'.repeat(32)}` };

async function probe(path: string, body = '{}') {
  const begun = performance.now();
  const { status, headers, body: said } = await send(ADDRESS, path, body, FORGED);
  const told = [...headers].filter(([name]) => name !== 'date');
  return { answer: JSON.stringify([status, told, said]), ms: performance.now() - begun };
}

async function given(scenario: Scenario): Promise<string> {
  await grantSecrets(scenario);
  const blind = { secretKeyRef: { name: 'no-such-secret', key: 'secret' } };
  await scenario.given(
    senderSecret(),
    hooked('release', [
      { name: 'push', auth: BY_HMAC, with: { ref: '${{ body.ref }}' } },
      { name: 'small', auth: BY_HMAC, maxBodyBytes: 10 },
      { name: 'blind', auth: { hmac: blind } },
      { name: 'off', auth: BY_HMAC, suspend: true },
    ]),
  );
  await scenario.workflowIs('release', 'True');
  return `/hooks/${scenario.namespace}/release`;
}

describe('a stranger at the port of webhooks', () => {
  it('has one answer, after one time, whatever is there', async ({ scenario }) => {
    const base = await given(scenario);
    const large = JSON.stringify('x'.repeat(300_000));
    const probes = [
      await probe(`${base}/push`),
      await probe(`${base}/push`),
      await probe(`${base}/none`),
      await probe(`${base}/blind`),
      await probe(`${base}/off`),
      await probe(`${base}/small`, '{"more":"than ten bytes"}'),
      await probe(`${base}/push`, large),
      await probe(`${base}/none`, large),
      await probe(`/hooks/${scenario.namespace}/no-such-workflow/push`),
      await probe('/hooks/no-such-namespace/release/push'),
    ];
    expect(new Set(probes.map(({ answer }) => answer)).size).toBe(1);
    expect(probes[0]?.answer).toMatch(/^\[401,/);
    // The time is set by the receiver; what is left is that of the network and of this machine.
    expect(Math.min(...probes.map(({ ms }) => ms))).toBeGreaterThanOrEqual(990);
    expect(await scenario.runs()).toEqual([]);
  });

  it('cannot make another run of a signed request by what is not signed', async ({ scenario }) => {
    const base = await given(scenario);
    const body = '{"ref":"refs/heads/main"}';
    const first = await send(ADDRESS, `${base}/push`, body, { 'x-github-delivery': '1' });
    expect(first).toMatchObject({ status: 202, body: { result: 'Accepted' } });
    const changes = [
      { 'x-github-delivery': '2' },
      { 'idempotency-key': '3' },
      { 'webhook-id': '4' },
      { 'content-type': 'text/plain' },
      { 'content-type': 'application/x-www-form-urlencoded' },
    ];
    for (const headers of changes) {
      const again = await send(ADDRESS, `${base}/push?ref=evil`, body, headers);
      expect(again, JSON.stringify(headers)).toMatchObject({ body: { result: 'Duplicate', run: first.body.run } });
    }
    expect(await scenario.runs()).toHaveLength(1);
  });
});
