/**
 * Telemetry: the metrics and logs of Ado. One table of metrics and one logger; every other room receives
 * them as arguments and never creates its own.
 *
 * Invariants:
 * 1. A metric exists if and only if it is a row of `METRICS`; `promtool check metrics` accepts the whole exposition.
 * 2. No label holds a name or uid of an object or a person, so the number of series does not grow with use.
 * 3. A counter whose label values are known is visible at zero from the first scrape.
 * 4. A log message is a constant; varying parts are fields. No line ever contains a credential.
 */
export { createLogger, type Fields, type Logger, type LoggerOptions, type LogLevel, silentLogger } from './logger.ts';
export { METRICS, type MetricDefinition, type MetricTable } from './metric-table.ts';
export { createMetrics, type Metrics, type MetricsOptions } from './metrics.ts';
