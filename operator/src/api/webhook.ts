import { z } from 'zod';
import { duration } from './duration.ts';
import { exactlyOne } from './rule.ts';
import { expression, identifier, matching, objectName, taskName } from './scalars.ts';

export const MAX_TRIGGERS = 16;
/** What a request may carry unless its trigger says otherwise, and the most that a trigger may say, bytes. */
export const DEFAULT_BODY_BYTES = 256 * 1024;
export const MAX_BODY_BYTES = 1024 * 1024;
/** How many requests a trigger takes unless it says otherwise. */
export const DEFAULT_RATE = { count: 600, per: '1m' } as const;

export const triggerName = taskName.describe('Name of the trigger, unique among triggers of its type.');

/** Values for the parameters of the run that a trigger makes, as `with` of a task. */
export const triggerValues = z.record(identifier, z.string().max(4096)).meta({ maxProperties: 100 });

const headerName = matching(
  z.string().min(1).max(64),
  '^[A-Za-z0-9-]+$',
  'use letters, digits and dashes, such as X-Hub-Signature-256',
);

const secretKey = (description: string) =>
  z
    .object({
      name: objectName.describe('Name of the Secret, in the namespace of the workflow.'),
      key: z.string().min(1).max(253).describe('Key in it.'),
    })
    .describe(description);

const secrets = {
  secretKeyRef: secretKey('The secret shared with the sender.'),
  previousSecretKeyRef: secretKey('The previous secret, also accepted until all senders use the new one.').optional(),
};

const timestamp = z.object({
  header: headerName.describe('The header with the Unix time in seconds, alone or as the element t=.'),
  tolerance: duration('Maximum difference from the current time; default 5m.').optional(),
});

const hmac = z.object({
  ...secrets,
  header: headerName.optional().describe('The header with the signature; default X-Hub-Signature-256.'),
  algorithm: z.enum(['SHA256', 'SHA512']).optional().describe('The digest of the HMAC; default SHA256.'),
  encoding: z.enum(['Hex', 'Base64']).optional().describe('Encoding of the signature; default Hex.'),
  prefix: z.string().max(32).optional().describe('Prefix of the signature; default sha256= or sha512=. Empty: none.'),
  signed: z
    .string()
    .min(6)
    .max(128)
    .optional()
    .describe(
      'The signed text, with the placeholders {body}, {timestamp} and {headers.NAME}, NAME in lower case; default {body}, or {timestamp}.{body} with timestamp.',
    ),
  timestamp: timestamp.optional().describe('The time that the signature covers; older requests are refused.'),
});

const token = z.object({
  ...secrets,
  header: headerName.optional().describe('The header with the token; default Authorization, with the prefix Bearer.'),
});

/** One way to start runs by an HTTP request. */
export const webhook = z.object({
  name: triggerName,
  suspend: z.boolean().optional().describe('Whether requests are refused for now.'),
  auth: z
    .object({
      hmac: hmac.optional().describe('The sender signs the body, as GitHub does.'),
      token: token.optional().describe('The sender sends the secret itself, as GitLab does.'),
    })
    .meta({
      'x-kubernetes-validations': [exactlyOne(['hmac', 'token'], 'auth needs exactly one of hmac and token')],
    })
    .describe('How requests are authenticated. There is no way to turn it off.'),
  filter: expression
    .optional()
    .describe(
      'CEL over body, headers and query; a request for which it is false starts no run. With hmac, only signed data is visible: body, and the headers in auth.hmac.signed.',
    ),
  with: triggerValues
    .optional()
    .describe('Values for the parameters of the run, as text that may contain CEL over the same data as filter.'),
  idempotencyKey: expression
    .optional()
    .describe(
      'CEL over the same data as filter; requests with the same key start one run. Default: the header X-GitHub-Delivery, Idempotency-Key or Webhook-Id, with hmac only if it is signed, else a digest of the body.',
    ),
  rateLimit: z
    .object({
      count: z.int().min(1).max(100_000).describe('Number of requests.'),
      per: duration('Length of the period.'),
    })
    .optional()
    .describe(
      'How many requests each replica of the operator accepts; default 600 per minute. Further requests are told to retry later.',
    ),
  maxBodyBytes: z
    .int()
    .min(1)
    .max(MAX_BODY_BYTES)
    .optional()
    .describe('Maximum size of a body in bytes; default 262144, at most 1048576.'),
});

/** What is known of a webhook. */
export const webhookStatus = z.object({
  name: z.string().max(40).describe('Name of the trigger.'),
  path: z.string().max(512).describe('Path for requests, on the address for webhooks.'),
  message: z.string().max(512).optional().describe('Why it accepts no requests, and what to do.'),
});

export type WebhookStatus = z.infer<typeof webhookStatus>;
export type Webhook = z.infer<typeof webhook>;
export type WebhookHmac = z.infer<typeof hmac>;
export type WebhookToken = z.infer<typeof token>;
export type SecretKeyRef = { readonly name: string; readonly key: string };

/** The place of a header in what is signed. */
export const SIGNED_HEADER = /\{headers\.([a-z0-9-]{1,64})\}/g;

/** The headers, in lower case, that a signature covers. */
export function signedHeaders({ signed = '' }: Pick<WebhookHmac, 'signed'>): string[] {
  return [...signed.matchAll(SIGNED_HEADER)].map(([, name = '']) => name);
}

/** The path that requests of a trigger are sent to. */
export function webhookPath(namespace: string, workflow: string, trigger: string): string {
  return `/hooks/${namespace}/${workflow}/${trigger}`;
}
