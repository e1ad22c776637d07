import { type Completion, parseDuration, signedHeaders, type Webhook, type WorkflowSpec } from '../../api/index.ts';
import type { Scope } from '../expression/index.ts';
import { plain } from './expressions.ts';
import { type Problem, repeated } from './problem.ts';
import { firstTold } from './report.ts';
import { scopeOfDefaults } from './scopes.ts';
import { triggerValueProblems } from './trigger-values.ts';

/** What a trigger reads: there is no run yet, and so neither params nor run. */
const REQUEST: Scope = { ...scopeOfDefaults({}), apart: true, request: true };
const SOURCE: Scope = { ...scopeOfDefaults({}), apart: true, source: true };
const LONGEST_TOLERANCE_MS = 3_600_000;
const LONGEST_PERIOD_MS = 86_400_000;

/** Whether the triggers that others make go off say nothing that cannot be. */
export function areTriggersValid(spec: Pick<WorkflowSpec, 'triggers' | 'parameters'>): boolean {
  return firstTold(() => triggerProblems(spec)) === undefined;
}

/** What is wrong with the triggers that others make go off: requests, and runs that have ended. */
export function triggerProblems({ triggers, parameters }: Pick<WorkflowSpec, 'triggers' | 'parameters'>): Problem[] {
  const { webhooks = [], completions = [] } = triggers ?? {};
  return [
    ...namesOf(webhooks, 'spec.triggers.webhooks'),
    ...webhooks.flatMap((webhook, index) => {
      const path = `spec.triggers.webhooks[${index}]`;
      return [
        ...webhookProblems(webhook, path),
        ...triggerValueProblems(webhook.with, parameters, `${path}.with`, scopeOfRequest(webhook)),
      ];
    }),
    ...namesOf(completions, 'spec.triggers.completions'),
    ...completions.flatMap((completion, index) => {
      const path = `spec.triggers.completions[${index}]`;
      return [
        ...completionProblems(completion, path),
        ...triggerValueProblems(completion.with, parameters, `${path}.with`, SOURCE),
      ];
    }),
  ];
}

const namesOf = (triggers: readonly { readonly name: string }[], path: string): Problem[] =>
  repeated(
    triggers.map(({ name }) => name),
    (index) => `${path}[${index}].name`,
    'trigger',
  );

/** Of a request that is signed, only what the signature covers is seen. */
function scopeOfRequest({ auth: { hmac } }: Webhook): Scope {
  return hmac === undefined ? REQUEST : { ...REQUEST, signed: signedHeaders(hmac) };
}

function webhookProblems(webhook: Webhook, path: string): Problem[] {
  const { auth, filter, idempotencyKey, rateLimit } = webhook;
  const scope = scopeOfRequest(webhook);
  return [
    ...signedProblems(auth.hmac, `${path}.auth.hmac`),
    ...plain(`${path}.filter`, filter, scope, 'Boolean'),
    ...plain(`${path}.idempotencyKey`, idempotencyKey, scope, 'Any'),
    ...durationProblems(rateLimit?.per, `${path}.rateLimit.per`, LONGEST_PERIOD_MS),
  ];
}

/** What is signed must have the body in it, or anybody could send another one with the same signature. */
function signedProblems(hmac: Webhook['auth']['hmac'], path: string): Problem[] {
  if (hmac === undefined) return [];
  const { signed, timestamp } = hmac;
  const tolerance = durationProblems(timestamp?.tolerance, `${path}.timestamp.tolerance`, LONGEST_TOLERANCE_MS);
  if (signed === undefined) return tolerance;
  const at = `${path}.signed`;
  if (!signed.includes('{body}')) {
    return [...tolerance, { path: at, message: 'a signature that does not cover the body proves nothing; add {body}' }];
  }
  if (signed.includes('{timestamp}') === (timestamp !== undefined)) return tolerance;
  const message = timestamp
    ? 'anybody can change an unsigned timestamp; add {timestamp}'
    : 'there is no timestamp to sign; add timestamp.header';
  return [...tolerance, { path: at, message }];
}

function durationProblems(text: string | undefined, path: string, longest: number): Problem[] {
  if (text === undefined) return [];
  const ms = milliseconds(text);
  if (ms !== undefined && ms >= 1000 && ms <= longest) return [];
  return [{ path, message: `"${text.slice(0, 40)}" is not from 1s to ${longest / 3_600_000}h; write it like 5m` }];
}

function milliseconds(text: string): number | undefined {
  try {
    return parseDuration(text);
  } catch {
    return undefined;
  }
}

function completionProblems({ when }: Completion, path: string): Problem[] {
  return plain(`${path}.when`, when, SOURCE, 'Boolean');
}
