import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { WebhookHmac } from '../api/index.ts';
import { isKnown, isSigned } from './authenticate.ts';

const ref = { name: 'hook', key: 'secret' };
const secret = Buffer.from("It's a Secret to Everybody");
const body = Buffer.from('Hello, World!');
const now = 1_700_000_000_000;
const sign = (text: string, key = secret, encoding: 'hex' | 'base64' = 'hex') =>
  createHmac('sha256', key).update(text).digest(encoding);
const hmac = (more: Partial<WebhookHmac> = {}): WebhookHmac => ({ secretKeyRef: ref, ...more });
const evidence = (headers: Record<string, string>) => ({ headers, body, now });

describe('a signature', () => {
  it('equals the example in the documentation of GitHub', () => {
    const value = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
    expect(isSigned(hmac(), [secret], evidence({ 'x-hub-signature-256': value }))).toBe(true);
  });

  it('is accepted with any of the secrets, and with no other', () => {
    const headers = { 'x-hub-signature-256': `sha256=${sign('Hello, World!')}` };
    const other = Buffer.from('another secret');
    expect(isSigned(hmac(), [other, secret], evidence(headers))).toBe(true);
    expect(isSigned(hmac(), [other], evidence(headers))).toBe(false);
    expect(isSigned(hmac(), [], evidence(headers))).toBe(false);
  });

  it.each([
    ['is missing', {}],
    ['is empty', { 'x-hub-signature-256': '' }],
    ['has no prefix', { 'x-hub-signature-256': sign('Hello, World!') }],
    ['is cut', { 'x-hub-signature-256': `sha256=${sign('Hello, World!').slice(0, 62)}` }],
    ['is of another body', { 'x-hub-signature-256': `sha256=${sign('Hello, World?')}` }],
    ['is of another algorithm', { 'x-hub-signature-256': `sha1=${sign('Hello, World!')}` }],
    ['is in another header', { 'x-signature': `sha256=${sign('Hello, World!')}` }],
  ])('that %s is refused', (_how, headers) => {
    expect(isSigned(hmac(), [secret], evidence(headers))).toBe(false);
  });

  it('may use another header, no prefix, base64 or SHA-512', () => {
    const shop = hmac({ header: 'X-Shop-Hmac', prefix: '', encoding: 'Base64' });
    const headers = { 'x-shop-hmac': sign('Hello, World!', secret, 'base64') };
    expect(isSigned(shop, [secret], evidence(headers))).toBe(true);
    const long = createHmac('sha512', secret).update(body).digest('hex');
    const sha512 = hmac({ header: 'X-Long', algorithm: 'SHA512' });
    expect(isSigned(sha512, [secret], evidence({ 'x-long': `sha512=${long}` }))).toBe(true);
  });
});

describe('a signed timestamp', () => {
  const slack = hmac({
    header: 'X-Slack-Signature',
    prefix: 'v0=',
    signed: 'v0:{timestamp}:{body}',
    timestamp: { header: 'X-Slack-Request-Timestamp' },
  });
  const slackHeaders = (time: string, signed = time) => ({
    'x-slack-signature': `v0=${sign(`v0:${signed}:Hello, World!`)}`,
    'x-slack-request-timestamp': time,
  });

  it('is accepted within its tolerance, before and after', () => {
    for (const seconds of [1_700_000_000, 1_699_999_701, 1_700_000_299]) {
      expect(isSigned(slack, [secret], evidence(slackHeaders(String(seconds))))).toBe(true);
    }
    for (const seconds of [1_699_999_699, 1_700_000_301]) {
      expect(isSigned(slack, [secret], evidence(slackHeaders(String(seconds))))).toBe(false);
    }
    const narrow = { ...slack, timestamp: { header: 'X-Slack-Request-Timestamp', tolerance: '10s' } };
    expect(isSigned(narrow, [secret], evidence(slackHeaders('1699999980')))).toBe(false);
  });

  it('is refused when it differs from the signed one or is missing', () => {
    expect(isSigned(slack, [secret], evidence(slackHeaders('1700000000', '1600000000')))).toBe(false);
    const { 'x-slack-request-timestamp': _time, ...without } = slackHeaders('1700000000', '');
    expect(isSigned(slack, [secret], evidence(without))).toBe(false);
  });

  it('may be part of the signature header, beside several signatures', () => {
    const stripe = hmac({ header: 'Stripe-Signature', prefix: 'v1=', timestamp: { header: 'Stripe-Signature' } });
    const old = sign('1700000000.Hello, World!', Buffer.from('rotated long ago'));
    const value = `t=1700000000,v1=${old},v1=${sign('1700000000.Hello, World!')},v0=abc`;
    expect(isSigned(stripe, [secret], evidence({ 'stripe-signature': value }))).toBe(true);
    expect(isSigned(stripe, [secret], evidence({ 'stripe-signature': value.replace('t=17', 't=16') }))).toBe(false);
  });
});

describe('a token', () => {
  const token = { secretKeyRef: ref };

  it('is the text after Bearer, or a whole header', () => {
    expect(isKnown(token, [Buffer.from('s3cret-token')], { headers: { authorization: 'Bearer s3cret-token' } })).toBe(
      true,
    );
    const gitlab = { ...token, header: 'X-Gitlab-Token' };
    expect(isKnown(gitlab, [Buffer.from('s3cret-token')], { headers: { 'x-gitlab-token': 's3cret-token' } })).toBe(
      true,
    );
  });

  it('is accepted only as a whole', () => {
    const secrets = [Buffer.from('s3cret-token')];
    for (const authorization of [
      '',
      'Bearer ',
      'Bearer s3cret',
      'Bearer s3cret-token2',
      'Basic s3cret-token',
      's3cret-token',
    ]) {
      expect(isKnown(token, secrets, { headers: { authorization } }), authorization).toBe(false);
    }
    expect(isKnown(token, [Buffer.from('')], { headers: {} })).toBe(false);
  });
});
