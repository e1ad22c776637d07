import type { Task } from '../../../src/api/index.ts';
import type { Pod } from '../../../src/pods/index.ts';
import { type KubeList, type KubeObject, NAMESPACES, PODS, SERVICE_ACCOUNTS } from '../../../src/runtime/index.ts';
import { type AuditRecord, type Tally, tallyOf } from '../audit.ts';
import { type Transition, transitionTimes } from '../pod-times.ts';
import { runAll } from '../run-all.ts';
import { type Stage, until } from '../stage.ts';
import { type Percentiles, percentilesOf } from '../statistics.ts';
import { numbered } from '../workflows.ts';
import type { ControllerProcess } from './controller-process.ts';
import { type Figures, figuresOf } from './figures.ts';
import { configure } from './install.ts';
import { emulate, type PeerStage, startController } from './peer-controller.ts';
import { type Product, userOf } from './product.ts';

/** Default settings take minutes, and what is left in their queues afterwards as well. */
const TIMEOUT_MS = 900_000;
const LABEL = 'flow.ado.dev/bench-peers';
const QUIET_MS = 1500;

export interface PeerResult {
  readonly figures: Figures;
  readonly transitionMs: Percentiles;
  readonly emulated?: Tally;
}

/** Runs workflows of these tasks, all at once, on a controller of their own, and measures it as Ado is measured. */
export async function measurePeer(peer: PeerStage, tasks: readonly Task[], count: number): Promise<PeerResult> {
  const { stage, product, setting } = peer;
  await configure(stage.kubectl, product, setting);
  const controller = await startController(peer);
  try {
    const namespace = await peerNamespace(stage);
    const result = await measured(peer, controller, namespace, tasks, count);
    await clean(stage, product, namespace);
    return result;
  } finally {
    await controller.stop();
  }
}

async function measured(
  peer: PeerStage,
  controller: ControllerProcess,
  namespace: string,
  tasks: readonly Task[],
  count: number,
): Promise<PeerResult> {
  const { stage, product } = peer;
  const user = userOf(product.account);
  const emulation = await emulate(peer, namespace);
  await stage.audit.quiet(user);
  const mark = stage.audit.mark();
  const before = controller.usage();
  const { seconds } = await runAll(
    stage.client,
    {
      type: product.runs,
      namespace,
      objects: Array.from({ length: count }, (_, index) =>
        product.runOf(namespace, numbered(product.name, index), tasks),
      ),
      timeoutMs: TIMEOUT_MS,
      endOf: product.endOf,
    },
    controller.broken,
  );
  await emulation.end();
  await Promise.race([stage.audit.quiet(user, QUIET_MS, TIMEOUT_MS), controller.broken]);
  const { cpuSeconds, peakBytes } = controller.usage();
  const records = stage.audit.since(mark);
  const used = cpuSeconds - before.cpuSeconds;
  const figures = figuresOf(records, user, count * tasks.length, seconds, used, peakBytes);
  const transitionMs = percentilesOf(transitionTimes(records, await transitions(stage, product, namespace, tasks)));
  return { figures, transitionMs, ...emulatedOf(product, records) };
}

function emulatedOf({ emulation }: Product, records: readonly AuditRecord[]): { emulated?: Tally } {
  if (!emulation) return {};
  const user = userOf(emulation.account);
  // Watching the pods is the script's way to know when, not the executor's.
  return { emulated: tallyOf(records.filter((record) => record.user === user && record.resource !== 'pods')) };
}

/** Every task that waits for others, as pods. Nothing is run again here, so a task has one pod. */
async function transitions(
  { client }: Stage,
  product: Product,
  namespace: string,
  tasks: readonly Task[],
): Promise<Transition[]> {
  const pods = new Map<string, string>();
  const runs = new Set<string>();
  let page: KubeList<Pod> | undefined;
  do {
    page = await client.list<Pod>(PODS, { namespace, limit: 500, continue: page?.metadata.continue });
    for (const pod of page.items) {
      const place = product.placeOf(pod);
      if (!place) continue;
      runs.add(place.run);
      pods.set(`${place.run}/${place.task}`, pod.metadata.name);
    }
  } while (page.metadata.continue);
  const podOf = (run: string, task: string) => pods.get(`${run}/${task}`) ?? '';
  const after = tasks.flatMap(({ name, needs }) => (needs?.length ? [{ name, needs }] : []));
  return [...runs].flatMap((run) =>
    after.map(({ name, needs }) => ({ parents: needs.map((need) => podOf(run, need)), child: podOf(run, name) })),
  );
}

/** @throws Error when a call that was killed has left work behind, which the controllers would do beside ours */
export async function requireClean({ client, cluster }: Stage): Promise<void> {
  const { items } = await client.list<KubeObject>(NAMESPACES, { labelSelector: LABEL });
  if (items.length === 0) return;
  const names = items.map(({ metadata }) => metadata.name).join(', ');
  throw new Error(`${names}: left by a call that was cut short; first: npm run cluster -- down --name ${cluster.name}`);
}

/** A new, empty namespace; without Pod Security's restrictions, which the peers' pods do not meet. */
async function peerNamespace({ client }: Stage): Promise<string> {
  const name = `peers-${Date.now().toString(36)}`;
  await client.create(NAMESPACES, { metadata: { name, labels: { [LABEL]: 'true' } } });
  await until(`the default service account of ${name}`, async () => {
    const { items } = await client.list<KubeObject>(SERVICE_ACCOUNTS, { namespace: name });
    return items.some(({ metadata }) => metadata.name === 'default');
  });
  return name;
}

/** Deletes everything in a namespace, and the namespace, while the controller runs that takes its finalizers away. */
async function clean({ kubectl }: Stage, { runs }: Product, namespace: string): Promise<void> {
  const { group, version, plural } = runs;
  await kubectl.run('delete', '--raw', `/apis/${group}/${version}/namespaces/${namespace}/${plural}`);
  await kubectl.run('delete', '--raw', `/api/v1/namespaces/${namespace}/pods`);
  await kubectl.run('delete', 'namespace', namespace, '--timeout=300s');
}
