/** What an operator says of itself at /metrics. Pure. */

/** Value of one series by its name and labels as exposed; undefined when it is not there. */
export function metricOf(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  return seriesOf(text, name).find((series) =>
    Object.entries(labels).every(([label, value]) => series.labels[label] === value),
  )?.value;
}

/** Sum over all series of a name; 0 when there are none. */
export function sumOf(text: string, name: string): number {
  return seriesOf(text, name).reduce((sum, { value }) => sum + value, 0);
}

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function seriesOf(text: string, name: string): Series[] {
  return text.split('\n').flatMap((line) => {
    const [, found, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
    if (found !== name) return [];
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [key, text]);
    return [{ labels: Object.fromEntries(pairs), value: Number(value) }];
  });
}
