import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowRun } from '../../src/api/index.ts';
import type { Kubectl } from '../kubectl.ts';
import { changedRows, logLine, type ViewOptions, viewRun } from './view.ts';

const POLL_MS = 250;
const MAX_MS = 10 * 60_000;

/** Shows a run until it ends: redrawn in place on a terminal, a line a change anywhere else. */
export async function followRun(
  kubectl: Kubectl,
  namespace: string,
  name: string,
  out: NodeJS.WriteStream,
): Promise<WorkflowRun> {
  const deadline = Date.now() + MAX_MS;
  let shown: WorkflowRun | undefined;
  let lines = 0;
  for (;;) {
    const run = await kubectl.get<WorkflowRun>('awr', name, '-n', namespace);
    if (!run) throw new Error(`the run ${name} is gone`);
    const options = optionsOf(out);
    if (out.isTTY) lines = redraw(out, viewRun(run, options), lines);
    if (!out.isTTY) for (const row of changedRows(shown, run)) out.write(`${logLine(row, options)}\n`);
    shown = run;
    if (run.status?.finishedAt) return run;
    if (Date.now() > deadline) throw new Error(`the run ${name} has not ended after ${MAX_MS / 60_000} minutes`);
    await sleep(POLL_MS);
  }
}

function optionsOf(out: NodeJS.WriteStream): ViewOptions {
  return { color: out.isTTY && !process.env.NO_COLOR, width: out.columns ?? 100, now: Date.now() };
}

function redraw(out: NodeJS.WriteStream, view: readonly string[], before: number): number {
  const up = before > 0 ? `\u001b[${before}A` : '';
  out.write(`${up}${view.map((line) => `\u001b[2K${line}`).join('\n')}\n\u001b[J`);
  return view.length;
}
