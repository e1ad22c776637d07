import { readFileSync, writeFileSync } from 'node:fs';
import {
  type ArtifactPlan,
  ENV_ARTIFACT_PLAN,
  ENV_SWEEP_PLAN,
  STORE_SECRET_FOLDER,
  STORE_VOLUME_FOLDER,
  type SweepPlan,
  type SweepReport,
} from '../api/index.ts';
import { fetchInputs, openStore, push, sweep } from '../artifacts/index.ts';

const USAGE = `Usage: artifacts fetch|push|ready|gc

  fetch  downloads the input artifacts of a task
  push   waits for SIGTERM, then uploads the output artifacts of a task; with --now, uploads at once
  ready  waits until the push process of the same container handles SIGTERM
  gc UID...
         deletes the artifacts of all runs except these from the store

The environment variables ${ENV_ARTIFACT_PLAN} and ${ENV_SWEEP_PLAN} contain the plan as JSON; the operator sets them in
the pods that it creates.
`;
/** The file whose content the kubelet reports after the container has ended. */
const MESSAGE_FILE = '/dev/termination-log';
const MAX_MESSAGE = 1024;
/** Bit of SIGUSR2 in the masks of /proc. SIGTERM cannot be used: Node catches it from the start, but only to exit. */
const SIGUSR2_BIT = 1n << 11n;
const READY_MS = 10_000;
/** Time limit of a sweep, ms, after which the next one continues: less than its pod may take. */
const SWEEP_MS = 480_000;
/** Time that remains after the limit to report that it was exceeded, ms. */
const FAREWELL_MS = 5_000;

function told<T>(variable: string): T {
  const text = process.env[variable];
  if (!text) throw new Error(`${variable} is not set; the operator starts this program in the pods that it creates`);
  return JSON.parse(text) as T;
}

const open = (store: string, signal?: AbortSignal) => {
  const { ADO_STORE_SECRET: secretFolder = STORE_SECRET_FOLDER, ADO_STORE_VOLUME: volumeFolder = STORE_VOLUME_FOLDER } =
    process.env;
  return openStore(store, { secretFolder, volumeFolder, signal });
};

async function fetchAll(): Promise<string> {
  const plan = told<ArtifactPlan>(ENV_ARTIFACT_PLAN);
  await fetchInputs(plan, await open(plan.store));
  return `fetched ${plan.inputs.map(({ name }) => name).join(', ')}`;
}

async function pushAll(now: boolean): Promise<string> {
  const plan = told<ArtifactPlan>(ENV_ARTIFACT_PLAN);
  if (!now) await terminated();
  const limit = Math.max(1000, plan.pushMs - FAREWELL_MS);
  const signal = AbortSignal.timeout(limit);
  try {
    const { artifacts } = await push(plan, await open(plan.store, signal));
    const bytes = artifacts.reduce((sum, { size }) => sum + size, 0);
    return `published ${artifacts.map(({ name }) => name).join(', ') || 'nothing'}: ${bytes} bytes`;
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new Error(`the outputs could not be published within ${limit} ms; raise artifacts.pushTimeout`, {
      cause: error,
    });
  }
}

/** Resolves on SIGTERM, which the kubelet sends after the task's own container has ended. */
function terminated(): Promise<void> {
  return new Promise((resolve) => {
    // Keeps the process alive; a signal alone does not.
    const timer = setInterval(() => undefined, 2 ** 30);
    process.once('SIGTERM', () => {
      clearInterval(timer);
      // The kubelet kills the container after the grace period; a second SIGTERM changes nothing.
      process.on('SIGTERM', () => undefined);
      resolve();
    });
    // Shows `ready` that the handler above is installed.
    process.on('SIGUSR2', () => undefined);
  });
}

/**
 * The first process of a container ignores a signal without a handler, and a task may end before this program has
 * started. So the task starts only after the handler is installed.
 */
async function ready(): Promise<string> {
  for (const end = performance.now() + READY_MS; performance.now() < end; ) {
    const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/1/status', 'utf8'))?.[1];
    if (caught && (BigInt(`0x${caught}`) & SIGUSR2_BIT) !== 0n) return 'ready';
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return 'cannot determine the signal handlers of process 1';
}

async function collect(live: readonly string[]): Promise<string> {
  const { store, ...plan } = told<SweepPlan>(ENV_SWEEP_PLAN);
  const isOver = () => performance.now() > SWEEP_MS;
  const swept = await sweep(await open(store), { ...plan, live: new Set(live), now: Date.now(), isOver });
  const report: SweepReport = { more: swept.more, unreadable: swept.unreadable };
  leave(JSON.stringify(report));
  return `deleted ${swept.objects} objects of ${swept.runs} runs: ${swept.bytes} bytes`;
}

/** Hands a message to the kubelet. */
function leave(message: string): void {
  try {
    writeFileSync(MESSAGE_FILE, message.slice(0, MAX_MESSAGE));
  } catch {
    // Not in a container.
  }
}

async function main([command, ...args]: string[]): Promise<string> {
  if (command === 'fetch') return fetchAll();
  if (command === 'push') return pushAll(args.includes('--now'));
  if (command === 'ready') return ready();
  if (command === 'gc') return collect(args);
  if (command === '--help') return USAGE.trimEnd();
  throw new Error(`unknown command "${command ?? ''}"\n\n${USAGE}`);
}

try {
  console.log(await main(process.argv.slice(2)));
} catch (error) {
  const said = error instanceof Error ? error.message : String(error);
  console.error(said);
  leave(said);
  process.exitCode = 1;
}
