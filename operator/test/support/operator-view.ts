/** The part of an operator that any test may use: its log and its HTTP answers. */

export interface OperatorView {
  readonly pid: number;
  /** Everything that it logged, line by line. */
  readonly log: readonly string[];
  /** The last lines of the log that contain `text`. */
  logAbout(text: string, count?: number): string;
  /** GET of /livez, /readyz or /metrics. */
  get(path: string): Promise<{ status: number; text: string }>;
}

/** Characters of a line that are shown. */
const SHOWN_CHARACTERS = 1000;

/** The last `count` lines that contain `text`. */
export function linesAbout(lines: readonly string[], text: string, count = 30): string {
  return lines
    .filter((line) => line.includes(text))
    .slice(-count)
    .map((line) => line.slice(0, SHOWN_CHARACTERS))
    .join('\n');
}

/** What an operator answers at this path of its health address. */
export async function get(address: string, path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://${address}${path}`, { signal: AbortSignal.timeout(10_000) });
  return { status: response.status, text: await response.text() };
}
