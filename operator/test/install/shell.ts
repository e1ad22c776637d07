/** Commands of the documentation, run as a reader runs them. */
import { dirname } from 'node:path';
import { type CommandResult, run } from '../../cluster/command.ts';
import { ROOT } from '../support/control-plane.ts';
import { stage } from './stage.ts';

/** Runs a command in the repository, with `kubectl` as the cluster's own. @throws Error with what it complained of */
export async function shell(command: string): Promise<string> {
  const { code, stdout, stderr } = await tryShell(command);
  if (code === 0) return stdout;
  throw new Error(`${command}\nended with ${code}: ${stderr}`);
}

function tryShell(command: string): Promise<CommandResult> {
  const { kubectl, kubeconfig, name } = stage().cluster;
  const env = { KUBECONFIG: kubeconfig, ADO_CLUSTER: name, PATH: `${dirname(kubectl)}:${process.env.PATH}` };
  return run('bash', ['-euo', 'pipefail', '-c', command], { cwd: ROOT, env, timeoutMs: 240_000 });
}
