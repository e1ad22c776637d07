/** What an operator costs before it has done anything: the time until it acts, and the memory that it then has. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../support/control-plane.ts';
import { textOf } from './stage.ts';

export interface StartCost {
  /** From its start to acting as the leader. */
  readonly seconds: number;
  /** Resident memory at that moment. */
  readonly mebibytes: number;
}

/** The options of Node that the Deployment gives the operator. */
function nodeOptions(): string {
  const { spec } = parse(readFileSync(join(ROOT, 'config/operator/deployment.yaml'), 'utf8'));
  const env: { name: string; value?: string }[] = spec.template.spec.containers[0].env;
  return env.find(({ name }) => name === 'NODE_OPTIONS')?.value ?? '';
}

/** Starts the operator from a file, for a namespace in which nothing is to do, and ends it when it acts. */
export async function startCost(entry: string, kubeconfig: string): Promise<StartCost> {
  const flags = ['--kubeconfig', kubeconfig, '--namespaces', 'kube-public', '--no-leader-election'];
  const began = performance.now();
  const child = spawn(process.execPath, [entry, ...flags, '--health-address', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: nodeOptions() },
  });
  const exited = new Promise((resolve) => child.once('close', resolve));
  try {
    let log = '';
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      log += chunk;
      if (!log.includes('workers started')) continue;
      const seconds = (performance.now() - began) / 1000;
      const resident = /^VmRSS:\s+(\d+) kB$/m.exec(textOf(`/proc/${child.pid}/status`))?.[1];
      return { seconds, mebibytes: Number(resident) / 1024 };
    }
    throw new Error(`the operator of ${entry} ended before it acted:\n${log}`);
  } finally {
    child.kill('SIGTERM');
    await exited;
  }
}

/** The middle one of each figure of several starts. */
export function median(costs: readonly StartCost[]): StartCost {
  const middle = (of: (cost: StartCost) => number) =>
    costs.map(of).sort((a, b) => a - b)[Math.floor(costs.length / 2)] ?? Number.NaN;
  return { seconds: middle(({ seconds }) => seconds), mebibytes: middle(({ mebibytes }) => mebibytes) };
}
