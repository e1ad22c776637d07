import {
  type AttemptObservation,
  type Definition,
  type HistoryEvent,
  type Json,
  MAX_ROW_LINE,
} from '../../api/index.ts';
import { redact } from '../../redaction/index.ts';
import type { Plan, PlannedTask, ScopePlan } from '../plan/plan.ts';
import { parseSegments } from '../state/paths.ts';

type Success = Extract<HistoryEvent, { type: 'Succeeded' }>;

/** How much of one value is shown. */
const MAX_VALUE = 64;
/** By what a definition reads Secrets. */
const READS_SECRETS = /"(secret(KeyRef|Ref|Name)?|csi|projected)":|"type":"Secret"/;

/**
 * The outputs of a task on one line for people, without what looks like a secret. Nothing of a task that reads Secrets, or of
 * which that is not known: whose result comes from the cache, that was generated, or that hands on what others did (a
 * template, a loop, a computation) in a definition that reads Secrets anywhere.
 * @param seen what ran the newest attempt said, if anything did
 */
export function outputLine(
  { outputs = {}, from }: Success,
  plan: Plan,
  path: string,
  seen: AttemptObservation | undefined,
): string | undefined {
  const all = Object.entries(outputs);
  if (all.length === 0 || from !== undefined || mayBeSecret(plan, plannedAt(plan, path), seen)) return undefined;
  return cut(all.map(([name, value]) => shown(name, value)).join(', '), MAX_ROW_LINE);
}

function mayBeSecret(
  { definition }: Plan,
  planned: PlannedTask | undefined,
  seen: AttemptObservation | undefined,
): boolean {
  if (!planned) return true;
  if (seen?.phase === 'Succeeded') return seen.withheld === true || READS_SECRETS.test(JSON.stringify(planned.task));
  const known = readers.get(definition) ?? READS_SECRETS.test(JSON.stringify(definition));
  readers.set(definition, known);
  return known;
}

/** Whether a definition reads Secrets: it may be long, and never changes. */
const readers = new WeakMap<Definition, boolean>();

/** The task that a path leads to, as far as the definition says; nothing for one that was generated. */
function plannedAt(plan: Plan, path: string): PlannedTask | undefined {
  let scope: ScopePlan | undefined = plan;
  let found: PlannedTask | undefined;
  for (const { name } of parseSegments(path)) {
    if (name === undefined) continue;
    found = scope?.tasks.get(name);
    scope = found?.body;
  }
  return found;
}

function shown(name: string, value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // As a whole, since the half of a token is a secret all the same.
  return cut(redact(`${name}=${text}`).replaceAll(/\s+/g, ' '), name.length + 1 + MAX_VALUE);
}

const cut = (text: string, max: number): string => (text.length <= max ? text : `${text.slice(0, max - 1)}…`);
