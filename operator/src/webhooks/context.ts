import type { IncomingHttpHeaders } from 'node:http';
import { signedHeaders, type Webhook } from '../api/index.ts';
import type { TriggerContext } from '../engine/index.ts';
import { evidenceHeaders } from './authenticate.ts';
import { parseBody, parseSigned } from './body.ts';
import type { Refused } from './response.ts';

/** Headers that hold secrets. Expressions never see them, so no trigger can pass them on. */
const NEVER_SEEN = ['authorization', 'proxy-authorization', 'cookie'];

/**
 * The parts of a request that expressions of a trigger see: its body, its headers except for secrets, and its query. Of
 * a signed request, only the parts that the signature covers: the sender of a replayed request can change the rest.
 */
export function contextOf(
  webhook: Webhook,
  { headers, query, bytes }: { headers: IncomingHttpHeaders; query: string; bytes: Buffer },
): TriggerContext | Refused {
  const { hmac } = webhook.auth;
  const parsed = hmac === undefined ? parseBody(bytes, headers['content-type']) : parseSigned(bytes);
  if (!('body' in parsed)) return parsed;
  if (hmac !== undefined) {
    const signed = signedHeaders(hmac).filter((name) => headers[name] !== undefined);
    const covered = Object.fromEntries(signed.map((name) => [name, headers[name]]));
    return { body: parsed.body, headers: seenHeaders(webhook, covered), query: {} };
  }
  return { body: parsed.body, headers: seenHeaders(webhook, headers), query: firstOfEach(new URLSearchParams(query)) };
}

function seenHeaders({ auth }: Webhook, headers: IncomingHttpHeaders): Record<string, string> {
  const hidden = new Set([...NEVER_SEEN, ...evidenceHeaders(auth)]);
  const seen = Object.entries(headers).filter(([name]) => !hidden.has(name));
  return Object.fromEntries(
    seen.map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}

function firstOfEach(parameters: URLSearchParams): Record<string, string> {
  const first = new Map<string, string>();
  for (const [name, value] of parameters) if (!first.has(name)) first.set(name, value);
  return Object.fromEntries(first);
}
