/** Commands of the documentation, run as a reader runs them. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CommandResult, run } from '../../cluster/command.ts';
import { ROOT } from '../support/control-plane.ts';
import { stage } from './stage.ts';

/** The commands that a page shows, in order: what follows `$ ` in its blocks of console, with lines that `\` continues. */
export function commandsOf(page: string, heading?: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const blocks = [...sectionOf(text, heading).matchAll(/```console\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  return blocks.flatMap((block) => {
    return [...block.matchAll(/^\$ ((?:.*\\\n)*.*)$/gm)].map(([, command = '']) => command);
  });
}

/** The text from a heading to the next one that is not below it. @throws Error when there is no such heading */
function sectionOf(text: string, heading?: string): string {
  if (heading === undefined) return text;
  const lines = text.split('\n');
  const first = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading);
  if (first < 0) throw new Error(`the page has no heading "${heading}"`);
  const level = /^#+/.exec(lines[first] ?? '')?.[0].length ?? 0;
  const next = lines.findIndex((line, at) => at > first && new RegExp(`^#{1,${level}} `).test(line));
  return lines.slice(first, next < 0 ? undefined : next).join('\n');
}

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
