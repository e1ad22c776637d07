import { X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Signal } from '../api/index.ts';
import { AbortedError, type Clock } from '../runtime/index.ts';
import { silentLogger } from '../telemetry/index.ts';
import { legacyPath } from './paths.ts';
import { MemoryClient } from './testing/memory-client.ts';
import { type AdmissionOptions, AdmissionWebhook } from './webhook.ts';

const DAY_MS = 24 * 3_600_000;
const MINUTE = 1 / 1440;
const SECOND = MINUTE / 60;
const KEY = new Uint8Array(32).fill(3);
const KEYS = { keys: [{ key: KEY, from: 0 }], synced: Promise.resolve() };
const HOUR_MS = 3_600_000;
/** Polls without delay, because the tests simulate thousands of intervals. */
const SOON = { interval: 1, timeout: 10_000 };

/** Days pass when a test says so: every sleep of the webhook is one. */
class Days implements Clock {
  #now = Date.now();
  #sleepers: (() => void)[] = [];
  now = () => this.#now;
  monotonic = () => this.#now;
  setTimeout = () => ({ cancel: () => undefined });

  sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sleepers.push(resolve);
      signal?.addEventListener('abort', () => reject(new AbortedError('given up')), { once: true });
    });
  }

  get asleep(): number {
    return this.#sleepers.length;
  }

  /** Advances the time by days and wakes all sleepers. */
  pass(days: number): void {
    this.#now += days * DAY_MS;
    for (const wake of this.#sleepers.splice(0)) wake();
  }
}

interface Config {
  readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string; readonly url: string } }[];
}

let api: MemoryClient;
let days: Days;
let ending: AbortController;
let running: Promise<void>[];

/** The Secret as the proof keys create it. */
function putSecret(): void {
  const data = { 'attestation.key': Buffer.from(KEY).toString('base64') };
  api.put('Secret', { metadata: { name: 'ado-admission', namespace: 'ado-system' }, data });
}

beforeEach(() => {
  api = new MemoryClient();
  days = new Days();
  putSecret();
  ending = new AbortController();
  running = [];
  for (const kind of ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']) {
    const clientConfig = { url: 'https://127.0.0.1:1' };
    const matchConditions = [{ name: 'x', expression: "request.userInfo.username != 'operator'" }];
    const webhooks = [{ name: 'a', clientConfig, matchConditions }];
    api.put(kind, { metadata: { name: 'ado-admission' }, webhooks });
  }
});
afterEach(async () => {
  ending.abort();
  days.pass(0);
  await Promise.all(running);
});

async function started(more: Partial<AdmissionOptions> = {}): Promise<AdmissionWebhook> {
  const webhook = new AdmissionWebhook({
    client: api.client,
    clock: days,
    logger: silentLogger(),
    namespace: 'ado-system',
    keys: KEYS,
    left: (namespace) => (namespace === 'theirs' ? 'another operator serves it' : undefined),
    pathPeriodMs: HOUR_MS,
    host: '127.0.0.1',
    port: 0,
    hosts: ['127.0.0.1'],
    judge: { definition: () => ({ refusal: 'spec.tasks[0].needs: no such task' }), run: () => ({}) },
    lingerMs: 0,
    ...more,
  });
  running.push(webhook.run(ending.signal));
  await webhook.synced;
  await expect.poll(() => days.asleep, SOON).toBe(running.length);
  return webhook;
}

/** Advances the time until every webhook has completed a check and sleeps again. */
async function later(passed: number, webhooks = 1): Promise<void> {
  days.pass(passed);
  await expect.poll(() => days.asleep, SOON).toBe(webhooks);
}

const configuration = () => api.objects.get('MutatingWebhookConfiguration/ado-admission') as unknown as Config;
const clientConfig = () => configuration().webhooks[0]?.clientConfig ?? { url: '' };
const bundle = () => Buffer.from(clientConfig().caBundle ?? '', 'base64').toString();

/** Whether a client that trusts these authorities trusts a certificate, on the day that it is. */
function isTrusted(served: X509Certificate | undefined, authorities: string): boolean {
  const certificates = authorities.match(/-----BEGIN[^-]*-----[^-]*-----END[^-]*-----/g) ?? [];
  return certificates
    .map((pem) => new X509Certificate(pem))
    .some((authority) => {
      const isOfTime = [served, authority].every(
        (each) => each && each.validFromDate.getTime() <= days.now() && each.validToDate.getTime() > days.now(),
      );
      return isOfTime && served?.checkIP('127.0.0.1') !== undefined && served.verify(authority.publicKey);
    });
}

/**
 * Sends a request like the API server. Resolves to status and body; certificates are verified at the simulated time.
 */
function post(webhook: AdmissionWebhook, body: unknown, options: { path?: string; ca?: string; method?: string } = {}) {
  const { path = new URL(clientConfig().url).pathname, ca = bundle(), method = 'POST' } = options;
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const target = { host: '127.0.0.1', port: webhook.port, path, method, agent: false, rejectUnauthorized: false };
    const sent = request(target, (response) => {
      const served = (response.socket as TLSSocket).getPeerX509Certificate();
      if (!isTrusted(served, ca)) reject(new Error('the certificate is not trusted'));
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on('error', reject);
    sent.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
}

const review = (resource: string, object: unknown, username = 'ada') => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: { uid: 'r', operation: 'CREATE', resource: { resource }, namespace: 'shop', userInfo: { username }, object },
});
const data = {
  apiVersion: '',
  kind: 'Signal',
  metadata: { name: 'paid' },
  spec: { type: 'Data', run: 'ship', name: 'paid' },
};

/** The answer to a review. */
async function asked(webhook: AdmissionWebhook, body: unknown) {
  const { text } = await post(webhook, body);
  const { response } = JSON.parse(text) as {
    response: { allowed: boolean; patch?: string; status?: { message: string; code: number } };
  };
  const patch = JSON.parse(Buffer.from(response.patch ?? '', 'base64').toString() || '[]') as { value: unknown }[];
  return { ...response, patch };
}

describe('the webhook', () => {
  it('registers its CA bundle and path, and answers there', async () => {
    const webhook = await started();
    const { allowed, patch } = await asked(webhook, review('signals', data));
    expect(allowed).toBe(true);
    const stored = {
      ...data,
      metadata: { name: 'paid', namespace: 'shop' },
      spec: { ...data.spec, sender: patch[0]?.value },
    };
    expect(webhook.attests.sender(stored as Signal)).toBe(true);
    expect(patch).toMatchObject([{ op: 'add', path: '/spec/sender', value: { username: 'ada' } }]);
  });

  it('has a path that the API server accepts for a Service', async () => {
    await started();
    expect(new URL(clientConfig().url).pathname).toMatch(/^\/review\/[a-z0-9]{64}$/);
  });

  it('answers only reviews, and only on its path', async () => {
    const webhook = await started();
    const body = review('signals', data);
    for (const path of ['/', '/review', '/review/x']) expect((await post(webhook, body, { path })).status).toBe(404);
    expect((await post(webhook, '', { method: 'GET' })).status).toBe(405);
    const odd = ['x', [], {}, { metadata: null }].map((object) => JSON.stringify(review('signals', object)));
    for (const wrong of ['nonsense', '[]', 'null', '{"kind":"AdmissionReview"}', ...odd]) {
      expect((await post(webhook, wrong)).status).toBe(400);
    }
    const long = await post(webhook, 'x'.repeat(9 * 1024 * 1024)).catch(() => ({ status: 413 }));
    expect(long.status).toBe(413);
  });

  it('refuses with the reason of its judge, skips the operator, and reports undecodable objects', async () => {
    const webhook = await started();
    const workflow = { metadata: { name: 'w' }, spec: {} };
    const refused = await asked(webhook, review('workflows', workflow));
    expect(refused).toMatchObject({
      allowed: false,
      status: { code: 422, message: 'spec.tasks[0].needs: no such task' },
    });
    expect(await asked(webhook, review('workflows', workflow, 'operator'))).toMatchObject({ allowed: true });
    const forged = { ...data, spec: { ...data.spec, sender: { username: 'bob' } } };
    expect(await asked(webhook, review('signals', forged))).toMatchObject({ allowed: false, status: { code: 403 } });
    const broken = await asked(webhook, review('signals', { ...data, spec: { type: 'Data', run: 7 } }));
    expect(broken.status?.message).toContain('spec.run');
  });

  it('attests and validates nothing in a namespace that another operator serves', async () => {
    const webhook = await started();
    const theirs = (resource: string, object: unknown) => {
      const { request, ...rest } = review(resource, object);
      return { ...rest, request: { ...request, namespace: 'theirs' } };
    };
    const refused = { allowed: false, status: { code: 403, message: 'another operator serves it' } };
    expect(await asked(webhook, theirs('signals', data))).toMatchObject(refused);
    expect(await asked(webhook, theirs('workflowruns', { metadata: { name: 'r' } }))).toMatchObject(refused);
    const workflow = { metadata: { name: 'w' }, spec: {} };
    expect(await asked(webhook, theirs('workflows', workflow))).toMatchObject({ allowed: true });
  });

  it('shares one key and one certificate among all replicas', async () => {
    const [one, two] = await Promise.all([started(), started()]);
    const { patch } = await asked(one, review('signals', data));
    const metadata = { name: 'paid', namespace: 'shop' };
    const stored = { ...data, metadata, spec: { ...data.spec, sender: patch[0]?.value } } as Signal;
    expect(two.attests.sender(stored)).toBe(true);
    expect((await asked(two, review('signals', data))).allowed).toBe(true);
  });

  it('answers every request through a year and a half of renewed certificates', async () => {
    const webhook = await started();
    const { patch } = await asked(webhook, review('signals', data));
    const stored = {
      ...data,
      metadata: { name: 'paid', namespace: 'shop' },
      spec: { ...data.spec, sender: patch[0]?.value },
    };
    const served = new Set<string>();
    for (let day = 0; day < 550; day += 10) {
      const trusted = bundle();
      await later(10);
      served.add(bundle());
      // An API server that does not have the newest bundle yet.
      expect((await post(webhook, review('signals', data), { ca: trusted })).status).toBe(200);
      expect((await asked(webhook, review('signals', data))).allowed).toBe(true);
    }
    expect(served.size).toBeGreaterThan(2);
    expect(webhook.attests.sender(stored as Signal)).toBe(true);
  });

  it('writes nothing while nothing is due', async () => {
    await started();
    const before = [...api.writes];
    await later(MINUTE);
    await later(MINUTE);
    expect(api.writes).toEqual(before);
  });

  it('restores removed fields of the Secret, and its fields of a configuration that is applied again', async () => {
    const webhook = await started();
    const secret = api.objects.get('Secret/ado-admission');
    putSecret();
    api.put('MutatingWebhookConfiguration', {
      metadata: { name: 'ado-admission' },
      webhooks: [{ name: 'a', clientConfig: { url: 'https://127.0.0.1:1' } }],
    });
    await later(MINUTE);
    expect(api.objects.get('Secret/ado-admission')?.data).toEqual(secret?.data);
    expect(bundle()).toContain('BEGIN CERTIFICATE');
    expect((await asked(webhook, review('signals', data))).allowed).toBe(true);
  });

  it('retries when the API server does not answer', async () => {
    let failures = 2;
    api.before = () => {
      if (failures-- > 0) throw new Error('no connection');
    };
    const ready = started();
    await expect.poll(() => days.asleep, SOON).toBe(1);
    days.pass(0);
    await expect.poll(() => days.asleep, SOON).toBe(1);
    days.pass(0);
    expect((await asked(await ready, review('signals', data))).allowed).toBe(true);
  });

  it('is ready without its configurations, and registers once they exist', async () => {
    api.objects.clear();
    putSecret();
    const webhook = await started();
    expect(webhook.hasSynced).toBe(true);
  });
});

const pathNow = () => new URL(clientConfig().url).pathname;
const statusAt = async (webhook: AdmissionWebhook, path: string) =>
  (await post(webhook, review('signals', data), { path })).status;

describe('the path of the webhook', () => {
  it('is random, and changes every hour', async () => {
    const webhook = await started();
    const paths = new Set([legacyPath(KEY), pathNow()]);
    for (let hour = 0; hour < 5; hour++) {
      for (let minute = 0; minute < 60; minute += 2) await later(2 * MINUTE);
      expect(paths).not.toContain(pathNow());
      paths.add(pathNow());
      expect(await statusAt(webhook, pathNow())).toBe(200);
    }
    expect(paths.size).toBe(7);
  });

  it('is accepted for three minutes after it is replaced', async () => {
    const webhook = await started();
    const before = pathNow();
    for (let minute = 0; minute < 60; minute += 2) await later(2 * MINUTE);
    expect(pathNow()).not.toBe(before);
    expect(await statusAt(webhook, before)).toBe(200);
    await later(2 * MINUTE);
    expect(await statusAt(webhook, before)).toBe(200);
    await later(MINUTE);
    expect(await statusAt(webhook, before)).toBe(404);
  });

  it('that an API server revealed while no replica answered is replaced soon after one answers', async () => {
    const first = await started();
    const told = pathNow();
    ending.abort();
    await Promise.all(running.splice(0));
    ending = new AbortController();
    const second = await started();
    expect(second).not.toBe(first);
    expect(pathNow()).not.toBe(told);
    await later(16 * SECOND);
    expect(await statusAt(second, told)).toBe(404);
    expect(await statusAt(second, pathNow())).toBe(200);
  });

  it('changes after the API server was unreachable for some minutes', async () => {
    const webhook = await started();
    const told = pathNow();
    await later(4 * MINUTE);
    expect(pathNow()).not.toBe(told);
    await later(16 * SECOND);
    expect(await statusAt(webhook, told)).toBe(404);
  });

  it('of another replica is known at once, and unknown paths cause one read of the Secret a second', async () => {
    const one = await started();
    const before = pathNow();
    await started();
    expect(pathNow()).not.toBe(before);
    expect(await statusAt(one, pathNow())).toBe(200);
    let reads = 0;
    const { get } = api;
    api.get = (...asked) => {
      reads++;
      return get.apply(api, asked);
    };
    const guesses = Array.from({ length: 8 }, (_, at) => `/review/${at.toString(16).padStart(64, '0')}`);
    const answers: number[] = [];
    const asking = guesses.map(async (path) => answers.push(await statusAt(one, path)));
    await expect.poll(() => days.asleep, SOON).toBe(3);
    expect(reads).toBe(0);
    const haveAll = () => {
      days.pass(SECOND);
      return answers.length;
    };
    await expect.poll(haveAll, SOON).toBe(guesses.length);
    await Promise.all(asking);
    expect(new Set(answers)).toEqual(new Set([404]));
  });

  it('stays the legacy one for ten minutes during an upgrade', async () => {
    const webhook = await started();
    const { data: stored } = api.objects.get('Secret/ado-admission') as unknown as { data: Record<string, string> };
    const { paths: _none, ...old } = stored;
    api.put('Secret', { metadata: { name: 'ado-admission', namespace: 'ado-system' }, data: old });
    const second = await started();
    expect(pathNow()).toBe(legacyPath(KEY));
    expect(await statusAt(second, legacyPath(KEY))).toBe(200);
    for (let minute = 0; minute < 10; minute++) await later(MINUTE, 2);
    expect(pathNow()).not.toBe(legacyPath(KEY));
    expect(await statusAt(webhook, pathNow())).toBe(200);
    for (let minute = 0; minute < 4; minute++) await later(MINUTE, 2);
    expect(await statusAt(second, legacyPath(KEY))).toBe(404);
  });
});
