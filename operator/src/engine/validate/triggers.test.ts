import { describe, expect, it } from 'vitest';
import type { Completion, Webhook, WorkflowSpec } from '../../api/index.ts';
import { report } from './report.ts';
import { lines, specOf } from './samples.ts';
import { triggerProblems } from './triggers.ts';
import { validateWorkflow } from './workflow.ts';

const auth = { hmac: { secretKeyRef: { name: 'hook', key: 'secret' } } };
const parameters: WorkflowSpec['parameters'] = [
  { name: 'ref' },
  { name: 'count', type: 'Integer', default: 1 },
  { name: 'password', type: 'Secret', default: 'db/password', allowed: { names: ['other'] } },
  { name: 'region', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } },
];
const spec = (triggers: WorkflowSpec['triggers']): WorkflowSpec =>
  specOf([{ run: 'true' }], { parameters, ...(triggers ? { triggers } : {}) });
const ofWebhook = (more: Partial<Webhook>) =>
  lines(report(() => triggerProblems(spec({ webhooks: [{ name: 'push', auth, with: { ref: 'x' }, ...more }] }))));
const ofCompletion = (more: Partial<Completion>) =>
  lines(
    report(() =>
      triggerProblems(spec({ completions: [{ name: 'built', workflow: 'build', with: { ref: 'x' }, ...more }] })),
    ),
  );
const AT = 'spec.triggers.webhooks[0]';

describe('webhooks', () => {
  it('that can run have no problems, and are judged with their Workflow', () => {
    const good: Webhook = {
      name: 'push',
      auth: { hmac: { ...auth.hmac, signed: '{headers.webhook-id}.{body}' } },
      filter: 'headers["webhook-id"] != "" && body.ref.startsWith("refs/")',
      idempotencyKey: 'body.id',
      with: { ref: '${{ body.ref }}', count: '${{ body.commits.size() }}' },
      rateLimit: { count: 5, per: '1m' },
    };
    expect(validateWorkflow(spec({ webhooks: [good] }))).toEqual([]);
    expect(validateWorkflow(spec({ webhooks: [{ ...good, filter: 'body.' }] }))).toHaveLength(1);
  });

  it('read of what is signed only what the signature covers, and of what has a token all', () => {
    const filter = 'headers["x-github-event"] == "push" && !("debug" in query)';
    const [header, query] = ofWebhook({ filter });
    expect(header).toContain('the header "x-github-event" is not signed, so anybody can change it; read body');
    expect(query).toContain('the query is not signed');
    expect(ofWebhook({ filter, auth: { token: auth.hmac } })).toEqual([]);
  });

  it('read the request and nothing of a run', () => {
    const apart = 'this expression can read only body, headers, query, not params';
    expect(ofWebhook({ filter: 'params.ref == "x"' })[0]).toContain(`${AT}.filter: ${apart}`);
    expect(ofWebhook({ filter: 'source.run == "x"' })[0]).toContain(
      '"source" is available only in triggers.completions',
    );
    expect(ofWebhook({ filter: 'body.ref' })).toEqual([]);
    expect(ofWebhook({ filter: 'headers.size()' })[0]).toContain('must yield a Boolean, but yields a Integer');
    expect(ofWebhook({ filter: '${{ body.ok }}' })[0]).toContain('write it without ${{ }}');
  });

  it('read headers by their names in lower case', () => {
    expect(ofWebhook({ filter: 'headers["X-Event"] == "a"' })[0]).toContain(
      'header names are lowercase here: headers["x-event"] (line 1, column 9)',
    );
  });

  it('give values to parameters that there are, and to all that need one', () => {
    expect(ofWebhook({ with: { reff: 'x' } })).toEqual([
      `${AT}.with.reff: the workflow has no parameter "reff"; did you mean "ref"? (known: ref, count, password, region)`,
      `${AT}.with.ref: the workflow requires the parameter "ref" (String); give it a value, or a default`,
    ]);
    expect(ofWebhook({ with: { ref: 'x', count: 'many' } })[0]).toContain(`${AT}.with.count: "many" is not an Integer`);
  });

  it('do not let the sender choose a Secret', () => {
    expect(ofWebhook({ with: { ref: 'x', password: 'other/password' } })).toEqual([]);
    expect(ofWebhook({ with: { ref: 'x', password: '${{ body.secret }}' } })[0]).toContain('cannot come from outside');
  });

  it('sign the body, and a time only where there is one', () => {
    const signed = (text: string, timestamp?: { header: string; tolerance?: string }) =>
      ofWebhook({ auth: { hmac: { ...auth.hmac, signed: text, ...(timestamp ? { timestamp } : {}) } } });
    expect(signed('{timestamp}', { header: 'T' })[0]).toContain('does not cover the body');
    expect(signed('{timestamp}{body}')[0]).toContain('there is no timestamp to sign');
    expect(signed('v0:{body}', { header: 'T' })[0]).toContain('unsigned timestamp');
    expect(signed('v0:{timestamp}:{body}', { header: 'T', tolerance: '2m' })).toEqual([]);
    expect(signed('{timestamp}{body}', { header: 'T', tolerance: '2h' })[0]).toContain('is not from 1s to 1h');
  });

  it('have names of their own, and a rate over a time that makes sense', () => {
    const twice = { webhooks: [0, 1].map(() => ({ name: 'push', auth, with: { ref: 'x' } })) };
    expect(lines(report(() => triggerProblems(spec(twice))))[0]).toContain('trigger "push" is declared already');
    expect(ofWebhook({ rateLimit: { count: 1, per: '48h' } })[0]).toContain('is not from 1s to 24h');
  });
});

describe('completions', () => {
  it('read the run that has ended', () => {
    expect(ofCompletion({ when: 'source.result == "Failed" && source.parameters.version != "1"' })).toEqual([]);
    expect(ofCompletion({ with: { ref: '${{ source.run }}' } })).toEqual([]);
    expect(ofCompletion({ when: 'source.outcome == "x"' })[0]).toContain('unknown field of source "outcome"');
    expect(ofCompletion({ when: 'body.x == 1' })[0]).toContain('"body" is available only in triggers.webhooks');
  });
});
