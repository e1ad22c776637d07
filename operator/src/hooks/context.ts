import type { IncomingHttpHeaders } from 'node:http';
import type { Webhook } from '../api/index.ts';
import type { TriggerContext } from '../engine/index.ts';
import type { Refused } from './answer.ts';
import { evidenceHeaders } from './authenticate.ts';
import { parseBody } from './body.ts';

/** Headers that hold secrets, whatever the trigger says: what is not seen cannot be handed on. */
const NEVER_SEEN = ['authorization', 'proxy-authorization', 'cookie'];

/** What expressions of a trigger see of a request: its body, its headers but for secrets, and its query. */
export function contextOf(
  webhook: Webhook,
  { headers, query, bytes }: { headers: IncomingHttpHeaders; query: string; bytes: Buffer },
): TriggerContext | Refused {
  const parsed = parseBody(bytes, headers['content-type']);
  if (!('body' in parsed)) return parsed;
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
