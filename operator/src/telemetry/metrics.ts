import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS, type MetricDefinition, type MetricTable } from './metric-table.ts';

type LabelsOf<D> = D extends { readonly labels: readonly (infer L extends string)[] } ? L : never;
type Instrument<D extends MetricDefinition> = D['type'] extends 'counter'
  ? Counter<LabelsOf<D>>
  : D['type'] extends 'gauge'
    ? Gauge<LabelsOf<D>>
    : Histogram<LabelsOf<D>>;

/** One instrument for every row of the table, and the means to expose them. */
export type Metrics = { readonly [K in keyof MetricTable]: Instrument<MetricTable[K]> } & {
  readonly contentType: string;
  /** The text that Prometheus reads. */
  scrape(): Promise<string>;
  /** Runs `collect` before every scrape, for values that are cheaper to compute than to keep. */
  onScrape(collect: () => void): void;
};

export interface MetricsOptions {
  /** Metrics of the process and of Node (default true). Tests switch them off: they hold timers. */
  readonly process?: boolean;
}

/** Default metrics whose names break the rules that `promtool check metrics` applies. */
const REFUSED_DEFAULTS = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
  'nodejs_eventloop_utilization_histogram',
  'nodejs_eventloop_utilization_summary',
];

const NANOSECONDS = 1e9;

/** Creates every metric of the table in a registry of its own, so that two of them in one process never mix. */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  const collectors: (() => void)[] = [];
  const instruments: Record<string, unknown> = {};
  for (const [key, definition] of Object.entries<MetricDefinition>(METRICS)) {
    instruments[key] = instrument(definition, registry);
  }
  const metrics = Object.assign(instruments, {
    contentType: registry.contentType,
    onScrape: (collect: () => void) => void collectors.push(collect),
    scrape: () => {
      for (const collect of collectors) collect();
      return registry.metrics();
    },
  }) as unknown as Metrics;
  if (options.process ?? true) addProcessMetrics(metrics, registry);
  return metrics;
}

function instrument(definition: MetricDefinition, registry: Registry): unknown {
  const base = {
    name: definition.name,
    help: definition.help,
    labelNames: definition.labels ?? [],
    registers: [registry],
  };
  const zero = definition.zero ?? [];
  if (definition.type === 'counter') {
    const counter = new Counter(base);
    for (const labels of zero) counter.inc(labels, 0);
    return counter;
  }
  if (definition.type === 'gauge') {
    const gauge = new Gauge(base);
    for (const labels of zero) gauge.set(labels, 0);
    return gauge;
  }
  const histogram = new Histogram({ ...base, ...(definition.buckets && { buckets: [...definition.buckets] }) });
  for (const labels of zero) histogram.zero(labels);
  return histogram;
}

function addProcessMetrics(metrics: Metrics, registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const name of REFUSED_DEFAULTS) registry.removeSingleMetric(name);
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  metrics.onScrape(() => {
    if (delay.count > 0) {
      metrics.eventLoopDelay.set({ stat: 'mean' }, delay.mean / NANOSECONDS);
      metrics.eventLoopDelay.set({ stat: 'p50' }, delay.percentile(50) / NANOSECONDS);
      metrics.eventLoopDelay.set({ stat: 'p99' }, delay.percentile(99) / NANOSECONDS);
      metrics.eventLoopDelay.set({ stat: 'max' }, delay.max / NANOSECONDS);
    }
    delay.reset();
  });
}
