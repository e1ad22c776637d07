import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kubectl } from '../kubectl.ts';
import { accountKubeconfig } from '../operator-account.ts';
import { freePort, installAdmission } from './admission.ts';

const ENTRY = resolve(import.meta.dirname, '../../src/cmd/operator.ts');
const READY_MS = 20_000;

/** Where the demo of a cluster keeps the operator's kubeconfig, log and process id. */
export function demoFolder(name: string): string {
  return join(process.env.XDG_STATE_HOME ?? join(homedir(), '.local/state'), 'ado', `demo-${name}`);
}

export interface DemoOperator {
  /** Path of its log. */
  readonly log: string;
  /** URL below which it takes webhooks, on this machine alone. */
  readonly hooks: string;
}

/**
 * Starts the operator as a process of this machine, with the rights of its service account and no more, and serves the
 * admission webhook where the cluster reaches this machine by `hostAddress`.
 * @param flags further options of the operator
 */
export async function startOperator(
  kubectl: Kubectl,
  name: string,
  hostAddress: string | undefined,
  flags: readonly string[],
): Promise<DemoOperator> {
  const folder = demoFolder(name);
  stopOperator(name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const kubeconfig = join(folder, 'operator.kubeconfig');
  writeFileSync(kubeconfig, await accountKubeconfig(kubectl), { mode: 0o600 });
  const log = join(folder, 'operator.log');
  const out = openSync(log, 'a', 0o600);
  const admission = await installAdmission(kubectl, folder, hostAddress);
  const hooks = `127.0.0.1:${await freePort('127.0.0.1')}`;
  const addresses = ['--health-address', '127.0.0.1:0', '--hooks-address', hooks];
  const args = [ENTRY, '--kubeconfig', kubeconfig, ...addresses, ...admission, ...flags];
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', out, out] });
  writeFileSync(join(folder, 'operator.pid'), String(child.pid));
  child.unref();
  await ready(log, () => child.exitCode === null);
  return { log, hooks: `http://${hooks}/hooks` };
}

async function ready(log: string, alive: () => boolean): Promise<void> {
  const deadline = performance.now() + READY_MS;
  while (!readFileSync(log, 'utf8').includes('workers started')) {
    if (!alive()) throw new Error(`the operator ended at once; its log says why: ${log}`);
    if (performance.now() > deadline)
      throw new Error(`the operator is not leading after ${READY_MS / 1000} s; see ${log}`);
    await sleep(50);
  }
}

/** Ends the operator that an earlier demo started, if it still runs. */
export function stopOperator(name: string): void {
  const file = join(demoFolder(name), 'operator.pid');
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(ENTRY)) process.kill(pid, 'SIGTERM');
  } catch {
    // No such file or process: there is nothing to end.
  }
  rmSync(file, { force: true });
}

export function removeDemoFolder(name: string): void {
  rmSync(demoFolder(name), { recursive: true, force: true });
}
