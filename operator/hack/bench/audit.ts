/** What the audit log of an API server says of a client: which requests, how many, how long. Pure. */

/** One request that the server has answered, or a watch that it has opened. */
export interface AuditRecord {
  readonly user: string;
  readonly verb: string;
  /** Plural of the resource, with its subresource: `pods`, `workflowruns/status`. Paths that are no resource: empty. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
  /** HTTP status of the answer. */
  readonly code: number;
  /** When the request came and when its answer was complete, epoch milliseconds with their fractions. */
  readonly received: number;
  readonly answered: number;
}

interface AuditEvent {
  stage?: string;
  verb?: string;
  requestURI?: string;
  user?: { username?: string };
  objectRef?: { resource?: string; subresource?: string; namespace?: string; name?: string };
  responseStatus?: { code?: number };
  requestReceivedTimestamp?: string;
  stageTimestamp?: string;
}

/** A time of the log with its microseconds, which Date drops. Epoch milliseconds; NaN for what is no time. */
export function microseconds(text: string): number {
  const fraction = /\.(\d+)Z$/.exec(text)?.[1] ?? '';
  const whole = Date.parse(text.replace(/\.\d+Z$/, 'Z'));
  return fraction === '' ? whole : whole + Number(`0.${fraction}`) * 1000;
}

/**
 * Reads one line. Undefined for stages that do not count: a request counts when it is answered, a watch when it begins,
 * for it ends long after what is measured.
 * @throws SyntaxError when the line is no JSON
 */
export function parseAuditLine(line: string): AuditRecord | undefined {
  const event = JSON.parse(line) as AuditEvent;
  const { stage, verb = '', requestURI = '', objectRef: object = {} } = event;
  if (stage !== (verb === 'watch' ? 'ResponseStarted' : 'ResponseComplete') && stage !== 'Panic') return undefined;
  const { resource = '', subresource, namespace = '', name = '' } = object;
  return {
    user: event.user?.username ?? '',
    verb,
    resource: subresource ? `${resource}/${subresource}` : resource,
    namespace,
    name,
    dryRun: /[?&]dryRun=All(&|$)/.test(requestURI),
    code: event.responseStatus?.code ?? 0,
    received: microseconds(event.requestReceivedTimestamp ?? ''),
    answered: microseconds(event.stageTimestamp ?? ''),
  };
}

/** How often a client asked for what. */
export interface Tally {
  /** All requests but watches and those about leases. */
  readonly counted: number;
  readonly watches: number;
  readonly leases: number;
  /** `patch workflowruns/status` and how often, the most frequent first; counted requests only. */
  readonly byRequest: readonly (readonly [request: string, count: number])[];
  /** The same for answers that were no success: `409 create pods`. */
  readonly refused: readonly (readonly [request: string, count: number])[];
}

export function tallyOf(records: readonly AuditRecord[]): Tally {
  const requests = new Map<string, number>();
  const refused = new Map<string, number>();
  let watches = 0;
  let leases = 0;
  for (const record of records) {
    if (record.resource === 'leases') leases++;
    else if (record.verb === 'watch') watches++;
    else count(requests, describe(record));
    if (record.code >= 300) count(refused, `${record.code} ${describe(record)}`);
  }
  const byRequest = ordered(requests);
  return {
    counted: byRequest.reduce((sum, [, times]) => sum + times, 0),
    watches,
    leases,
    byRequest,
    refused: ordered(refused),
  };
}

const describe = ({ verb, resource, dryRun }: AuditRecord) => `${verb} ${resource}${dryRun ? ' (dry run)' : ''}`;

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function ordered(counts: Map<string, number>): [string, number][] {
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

/** Milliseconds that the server took for each successful request of a kind. */
export function serverTimes(records: readonly AuditRecord[], verb: string, resource: string): number[] {
  return records
    .filter((record) => record.verb === verb && record.resource === resource && record.code < 300 && !record.dryRun)
    .map(({ received, answered }) => answered - received);
}
