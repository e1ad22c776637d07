/**
 * Reports the current step, its elapsed time and its expected time. A sink without `live` (a log, a pipe) gets a line
 * when a long step starts, every 30 s, and when it ends; a terminal gets one changing line.
 */
export type ProgressSink = ((line: string) => void) & { live?: (line: string) => void };

export interface Step {
  title: string;
  /** Expected time in ms on 2 cores; steps below `QUIET_MS` report only their end. */
  expectedMs: number;
}

const QUIET_MS = 20_000;
const REPEAT_MS = 30_000;
const LIVE_MS = 500;

/** A short form of a duration: `1m05s`, `42s`, `3.2s`. */
export function duration(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, '0')}s`;
}

/** The line of a running step: title, elapsed and expected time, and a detail that shows progress. */
export function stepLine(step: Step, elapsedMs: number, detail = ''): string {
  const usual = step.expectedMs >= 1000 ? ` of about ${duration(step.expectedMs)}` : '';
  return `${step.title}  ${duration(elapsedMs)}${usual}${detail === '' ? '' : `  (${detail})`}`;
}

/** Runs one step and reports it. `detail` may be set by the work while it runs. */
export async function runStep<T>(
  sink: ProgressSink | undefined,
  step: Step,
  work: (detail: (text: string) => void) => Promise<T>,
): Promise<T> {
  if (sink === undefined) return work(() => undefined);
  const started = performance.now();
  let detail = '';
  const elapsed = () => performance.now() - started;
  const show = sink.live ?? sink;
  if (sink.live !== undefined || step.expectedMs >= QUIET_MS) show(stepLine(step, 0));
  const timer = setInterval(() => show(stepLine(step, elapsed(), detail)), sink.live ? LIVE_MS : REPEAT_MS);
  try {
    const result = await work((text) => {
      detail = text;
    });
    sink(`${step.title}  done in ${duration(elapsed())}`);
    return result;
  } finally {
    clearInterval(timer);
  }
}

/** A sink for a stream: one changing line on a terminal, plain lines anywhere else. */
export function streamProgress(stream: NodeJS.WriteStream): ProgressSink {
  const plain = (line: string) => void stream.write(`${line}\n`);
  if (!stream.isTTY) return plain;
  const cut = (line: string) => line.slice(0, Math.max(20, (stream.columns || 80) - 1));
  return Object.assign((line: string) => void stream.write(`\r\x1b[K${line}\n`), {
    live: (line: string) => void stream.write(`\r\x1b[K${cut(line)}`),
  });
}
