/** What an operator says of itself at /metrics. Pure. */

type Labels = Readonly<Record<string, string>>;

/** Value of one series by its name and labels as exposed; undefined when it is not there. */
export function metricOf(text: string, name: string, labels: Labels = {}): number | undefined {
  return seriesOf(text, name).find(has(labels))?.value;
}

/** Sum over all series of a name that have these labels; 0 when there are none. */
export function sumOf(text: string, name: string, labels: Labels = {}): number {
  return seriesOf(text, name)
    .filter(has(labels))
    .reduce((sum, { value }) => sum + value, 0);
}

const has = (labels: Labels) => (series: Series) =>
  Object.entries(labels).every(([label, value]) => series.labels[label] === value);

interface Series {
  readonly labels: Labels;
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
