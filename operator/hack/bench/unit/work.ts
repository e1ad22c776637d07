/** A fixed piece of work that resembles the operator's: the measure against which its CPU time is told. Pure. */
import { createHash } from 'node:crypto';

/** How often the work is done for one unit: about a second of CPU on a middling machine. */
export const ROUNDS = 3000;
const PODS = 20;
const DIGITS = 4;

interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly labels: Readonly<Record<string, string>> };
  readonly status: { readonly phase: string; readonly conditions: readonly object[] };
}

/**
 * Watch lines parsed and stored by key and by owner, a status written from them, its digest: `rounds` times over. The
 * result depends on every round, so none of it can be left out.
 */
export function work(rounds: number): string {
  const store = new Map<string, Pod>();
  let digest = '';
  for (let round = 0; round < rounds; round++) {
    const owners = new Map<string, string[]>();
    for (let index = 0; index < PODS; index++) {
      const pod = JSON.parse(lineOf(round, index, digest)) as Pod;
      const { name, labels } = pod.metadata;
      store.set(`namespace/${name}`, pod);
      const owner = labels.run ?? '';
      owners.set(owner, [...(owners.get(owner) ?? []), name]);
    }
    digest = createHash('sha256').update(statusOf(store, owners)).digest('hex');
  }
  return digest;
}

function lineOf(round: number, index: number, digest: string): string {
  const number = String(index).padStart(DIGITS, '0');
  const conditions = ['PodScheduled', 'Initialized', 'Ready', 'ContainersReady'].map((type) => ({
    type,
    status: (round + index) % 2 === 0 ? 'True' : 'False',
    lastTransitionTime: '2026-01-01T00:00:00Z',
    message: `condition ${type} of the pod ${number} in round ${round}`,
  }));
  const labels = { run: `run-${index % 5}`, app: 'work', digest: digest.slice(0, 16) };
  const metadata = { name: `pod-${number}`, uid: `${number}-${digest.slice(0, 24)}`, labels };
  const env = Array.from({ length: 8 }, (_, at) => ({ name: `VARIABLE_${at}`, value: `${number}-${at}-${round}` }));
  const spec = { containers: [{ name: 'main', image: 'busybox:1.36', command: ['sh', '-c', 'true'], env }] };
  return JSON.stringify({ metadata, spec, status: { phase: 'Running', conditions } });
}

function statusOf(store: ReadonlyMap<string, Pod>, owners: ReadonlyMap<string, readonly string[]>): string {
  const rows = [...owners].map(([owner, names]) => ({
    owner,
    pods: names.map((name) => {
      const pod = store.get(`namespace/${name}`);
      return `${name}=${pod?.status.phase} (${pod?.metadata.uid}, ${pod?.status.conditions.length} conditions)`;
    }),
  }));
  rows.sort((a, b) => (a.owner < b.owner ? -1 : 1));
  return JSON.stringify(rows);
}
