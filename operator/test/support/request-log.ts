/** What a request to an API server is about, as far as tests ask. */

export interface Logged {
  /** Monotonic time of arrival, ms. */
  readonly at: number;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Plural of the resource, with its subresource: `pods`, `workflowruns/status`. */
  readonly resource: string;
  /** Name of the object; of a list none. */
  readonly name?: string | undefined;
  /** For a pod: the attempt that it runs, as `<path>#<attempt>`. */
  readonly attempt?: string | undefined;
  readonly dryRun: boolean;
  /** For a delete: the uid that it is meant for, if it says so. */
  readonly ofUid?: string | undefined;
  /** Number among the writes that count. */
  write?: number;
  /** What the server answered, if it was asked. */
  status?: number;
  /** What the client was answered, if it was. */
  answered?: number;
}

interface NamedObject {
  metadata?: { name?: string; annotations?: Record<string, string>; labels?: Record<string, string> };
}

const PATH = /^\/apis?\/(?:[^/]+\/)?v[^/]+(?:\/namespaces\/[^/]+)?\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/;
/** Written by a clock or by chance, and no part of what a run does. */
const UNCOUNTED = ['leases', 'events'];
const READS = ['GET', 'HEAD', 'OPTIONS'];

export function describeRequest(
  method: string,
  path: string,
  body: Buffer,
): Pick<Logged, 'resource' | 'name' | 'attempt' | 'dryRun' | 'ofUid'> {
  const [before = '', query] = path.split('?');
  const [, plural = before, inPath, subresource] = PATH.exec(before) ?? [];
  const resource = subresource ? `${plural}/${subresource}` : plural;
  const dryRun = new URLSearchParams(query).get('dryRun') === 'All';
  if (method === 'DELETE') return { resource, name: inPath, dryRun, ofUid: preconditionOf(body) };
  if (method !== 'POST') return { resource, name: inPath, dryRun };
  const { metadata } = JSON.parse(body.toString('utf8')) as NamedObject;
  const { annotations = {}, labels = {} } = metadata ?? {};
  const task = annotations['flow.ado.dev/task'];
  const attempt = task === undefined ? undefined : `${task}#${labels['flow.ado.dev/attempt']}`;
  return { resource, name: metadata?.name, attempt, dryRun };
}

function preconditionOf(body: Buffer): string | undefined {
  const { preconditions } = JSON.parse(body.toString('utf8') || '{}') as { preconditions?: { uid?: string } };
  return preconditions?.uid;
}

export const isCounted = ({ method, resource }: Pick<Logged, 'method' | 'resource'>): boolean =>
  !READS.includes(method) && !UNCOUNTED.includes(resource);

/** What is asked for by whom: two reflectors may list and watch one resource by different labels, at the same time. */
export function endpointOf({ method, path }: Pick<Logged, 'method' | 'path'>): string {
  const [resource, query] = path.split('?');
  return `${method} ${resource} ${new URLSearchParams(query).get('labelSelector') ?? ''}`;
}

/** The request in one line, for a failure that a person reads. */
export function lineOf({ write, method, resource, attempt, name, dryRun, status, answered }: Logged): string {
  const what = `${method} ${resource} ${attempt ?? name ?? ''}${dryRun ? ' (dry run)' : ''}`;
  return `${write ?? '-'} ${what}: server ${status ?? 'not asked'}, client ${answered ?? 'not answered'}`;
}

/** Pods that were created, by attempt: how often each. */
export function podCreates(log: readonly Logged[]): Record<string, number> {
  const creates: Record<string, number> = {};
  for (const { method, resource, status, dryRun, attempt = '' } of log) {
    if (method !== 'POST' || resource !== 'pods' || status !== 201 || dryRun) continue;
    creates[attempt] = (creates[attempt] ?? 0) + 1;
  }
  return creates;
}
