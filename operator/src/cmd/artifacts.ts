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

  fetch  puts the inputs of a task where it reads them, and ends
  push   waits for SIGTERM, publishes the outputs of a task, and ends; with --now it does not wait
  ready  waits until the push beside it would hear a SIGTERM
  gc UID...
         deletes the objects of all runs but these from the store

The plan is in ${ENV_ARTIFACT_PLAN} or ${ENV_SWEEP_PLAN}, as JSON; Ado sets it in the pods that it makes.
`;
/** Its content becomes the termination message of the container. */
const MESSAGE_FILE = '/dev/termination-log';
const MAX_MESSAGE = 1024;
/** Bit of SIGUSR2 in the masks of /proc. Node catches SIGTERM from its first moment on, but only to die of it. */
const SIGUSR2_BIT = 1n << 11n;
const READY_MS = 10_000;
/** How long a sweep takes at most before it leaves the rest to the next one: less than its pod may take. */
const SWEEP_MS = 480_000;
/** What is left of the grace for saying that it was not enough. */
const FAREWELL_MS = 5_000;

function told<T>(variable: string): T {
  const text = process.env[variable];
  if (!text) throw new Error(`${variable} is not set; this program is started by Ado in the pods that it makes`);
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

/** Ends with the task's own container: the kubelet then sends SIGTERM. */
function terminated(): Promise<void> {
  return new Promise((resolve) => {
    // Keeps the process alive; a signal alone does not.
    const timer = setInterval(() => undefined, 2 ** 30);
    process.once('SIGTERM', () => {
      clearInterval(timer);
      // The kubelet kills after the grace; a second request changes nothing.
      process.on('SIGTERM', () => undefined);
      resolve();
    });
    // Tells `ready` that the handler above is there.
    process.on('SIGUSR2', () => undefined);
  });
}

/**
 * The first process of a container that has no handler yet does not hear a signal at all, and a task may be over before
 * this program has started. So the task begins only when the handler is there.
 */
async function ready(): Promise<string> {
  for (const end = performance.now() + READY_MS; performance.now() < end; ) {
    const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/1/status', 'utf8'))?.[1];
    if (caught && (BigInt(`0x${caught}`) & SIGUSR2_BIT) !== 0n) return 'ready';
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return 'nothing is known of the handlers of the first process';
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
  throw new Error(`"${command ?? ''}" is no command\n\n${USAGE}`);
}

try {
  console.log(await main(process.argv.slice(2)));
} catch (error) {
  const said = error instanceof Error ? error.message : String(error);
  console.error(said);
  leave(said);
  process.exitCode = 1;
}
