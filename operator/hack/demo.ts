/** `npm run demo`: a real cluster, the operator, and a workflow that runs in real pods while you watch. */
import { relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, ClusterError, closeCluster, openCluster, streamProgress } from '../cluster/index.ts';
import type { Workflow, WorkflowRun } from '../src/api/index.ts';
import { removeAdmission } from './demo/admission.ts';
import { type DemoArguments, readArguments, USAGE } from './demo/arguments.ts';
import { claimStore, EQUIPMENT_FLAGS } from './demo/equipment.ts';
import { followRun } from './demo/follow.ts';
import { type DemoOperator, removeDemoFolder, startOperator, stopOperator } from './demo/operator-process.ts';
import { install, ROOT, uninstall } from './install.ts';
import { type Kubectl, kubectlOf } from './kubectl.ts';
import { loadProgramImage } from './program-image.ts';

const NAMESPACE = 'ado-demo';
const WORKFLOW = 'release';
const say = (text: string) => process.stdout.write(`${text}\n`);

/** Applies the example; a version that has run before is started once more by hand, so that there is always something to see. */
async function startRun(kubectl: Kubectl): Promise<string> {
  const before = await kubectl.get<Workflow>('awf', WORKFLOW, '-n', NAMESPACE);
  await kubectl.run('apply', '-f', resolve(ROOT, 'examples/quickstart'));
  const mark = before?.status?.lastApplied;
  for (let tries = 0; tries < 150; tries++) {
    const { metadata, status } = (await kubectl.get<Workflow>('awf', WORKFLOW, '-n', NAMESPACE)) ?? {};
    const current = metadata && status?.observedGeneration === metadata.generation;
    const run = status?.lastApplied?.run;
    if (current && run && status.lastApplied?.ordinal !== mark?.ordinal) return run;
    if (current && run && before) return runAgain(kubectl);
    await sleep(200);
  }
  throw new Error(`the Workflow ${WORKFLOW} started no run; see kubectl describe awf ${WORKFLOW} -n ${NAMESPACE}`);
}

async function runAgain(kubectl: Kubectl): Promise<string> {
  const created = await kubectl.run('create', '-f', resolve(ROOT, 'examples/quickstart/again/run.yaml'), '-o', 'name');
  return created.trim().split('/').at(-1) ?? '';
}

function describeEnd(run: WorkflowRun): string {
  const condition = run.status?.conditions?.find(({ type }) => type === 'Succeeded');
  return `\n${run.metadata.name}: ${run.status?.phase}, ${condition?.message ?? ''}`;
}

function nextSteps(cluster: Cluster, run: string, { log, hooks }: DemoOperator, context: string | undefined): string {
  const k = context ? `${cluster.kubectl} --context ${context}` : cluster.kubectl;
  const same = context ? `--context ${context} ` : cluster.name === 'ado' ? '' : `--name ${cluster.name} `;
  const edit = `{"spec":{"parameters":[{"name":"version","default":"0.9"}]}}`;
  return `
What to try next
  export KUBECONFIG=${cluster.kubeconfig}
  alias k='${k} -n ${NAMESPACE}'

  k get awf,awr,pods                       what there is now
  k get awr ${run} -o yaml    the run: tasks, conditions, history
  k logs -l flow.ado.dev/run=${run} --prefix --tail=-1
  k patch awf ${WORKFLOW} --type merge -p '${edit}'
                                           a change runs once, and 0.9 is a beta
  k explain awf.spec.tasks                 every field, documented
  ls examples/*/README.md                  more to apply; webhook address: ${hooks}

The operator runs on this machine with the rights of its service account; its log: ${log}
Remove all of it:  npm run demo -- ${same}--down
`;
}

async function up({ name, context, admission }: DemoArguments): Promise<number> {
  const progress = streamProgress(process.stdout);
  const cluster = await openCluster({ name, progress, ...(context === undefined ? {} : { context }) });
  const kubectl = kubectlOf(cluster, context);
  const own = context === undefined;
  await Promise.all([install(kubectl), own ? loadProgramImage(name) : undefined]);
  if (!admission && own) await removeAdmission(kubectl);
  const hostAddress = admission ? cluster.hostAddress : undefined;
  const operator = await startOperator(kubectl, name, hostAddress, own ? EQUIPMENT_FLAGS : []);
  say('the operator is running');
  const run = await startRun(kubectl);
  if (own) await claimStore(kubectl, NAMESPACE);
  say(`kubectl apply -f ${relative(process.cwd(), resolve(ROOT, 'examples/quickstart'))} started the run ${run}\n`);
  const ended = await followRun(kubectl, NAMESPACE, run, process.stdout);
  say(describeEnd(ended));
  say(nextSteps(cluster, run, operator, context));
  return ended.status?.phase === 'Succeeded' ? 0 : 1;
}

async function down(name: string, context: string | undefined): Promise<number> {
  if (context !== undefined) {
    const cluster = await openCluster({ name, context });
    const kubectl = kubectlOf(cluster, context);
    await kubectl.run('delete', '--ignore-not-found', 'namespace', NAMESPACE);
    stopOperator(name);
    await uninstall(kubectl);
  }
  stopOperator(name);
  if (context === undefined) await closeCluster(name);
  removeDemoFolder(name);
  say('the demo is gone');
  return 0;
}

async function main(): Promise<number> {
  const options = readArguments(process.argv.slice(2));
  if (options.help) {
    say(USAGE);
    return 0;
  }
  return options.down ? down(options.name, options.context) : up(options);
}

try {
  process.exitCode = await main();
} catch (error) {
  // A ClusterError carries its remedy; any other error is told whole, with where it came from.
  const isUsage = error instanceof TypeError && 'code' in error;
  const text =
    error instanceof ClusterError
      ? String(error.message)
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error);
  process.stderr.write(isUsage ? `${(error as Error).message}\n\n${USAGE}` : `${text}\n`);
  process.exitCode = isUsage ? 2 : 1;
}
