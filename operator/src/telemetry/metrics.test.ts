import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { METRICS, type MetricDefinition } from './metric-table.ts';
import { createMetrics } from './metrics.ts';

const table = Object.values<MetricDefinition>(METRICS);

/** Where Debian's package `prometheus` puts it. */
const PROMTOOL = '/usr/bin/promtool';

/** Every metric with a value, so that nothing escapes the lint for lack of one. */
async function fullScrape(): Promise<string> {
  const metrics = createMetrics();
  for (const [key, definition] of Object.entries<MetricDefinition>(METRICS)) {
    const labels = Object.fromEntries((definition.labels ?? []).map((label) => [label, 'x']));
    const instrument = metrics[key as keyof typeof METRICS] as unknown as Record<string, (...args: unknown[]) => void>;
    if (definition.type === 'counter') instrument.inc?.(labels, 1);
    else if (definition.type === 'gauge') instrument.set?.(labels, 1);
    else instrument.observe?.(labels, 1);
  }
  return metrics.scrape();
}

describe('the table of metrics', () => {
  it('has unique names that begin with ado_ or are those of the Go controllers', () => {
    const names = table.map((definition) => definition.name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) {
      expect(name).toMatch(/^(ado|controller_runtime|workqueue|rest_client|leader_election)_[a-z0-9_]+$/);
    }
  });

  it('ends counters, and only counters, in _total, and every help in a full stop', () => {
    for (const { name, type, help } of table) {
      expect(`${name} ${name.endsWith('_total')}`).toBe(`${name} ${type === 'counter'}`);
      expect(help).toMatch(/\.$/);
    }
  });

  it('has no label that would grow with use', () => {
    const allowed = ['controller', 'result', 'name', 'code', 'method', 'host', 'verb', 'resource', 'reason', 'stat'];
    for (const { labels = [] } of table) for (const label of labels) expect(allowed).toContain(label);
  });

  it('has the names that dashboards for Go controllers ask for', () => {
    const names = new Set(table.map((definition) => definition.name));
    for (const name of [
      'controller_runtime_reconcile_total',
      'controller_runtime_reconcile_errors_total',
      'controller_runtime_terminal_reconcile_errors_total',
      'controller_runtime_reconcile_panics_total',
      'controller_runtime_reconcile_time_seconds',
      'controller_runtime_max_concurrent_reconciles',
      'controller_runtime_active_workers',
      'workqueue_depth',
      'workqueue_adds_total',
      'workqueue_queue_duration_seconds',
      'workqueue_work_duration_seconds',
      'workqueue_unfinished_work_seconds',
      'workqueue_longest_running_processor_seconds',
      'workqueue_retries_total',
      'rest_client_requests_total',
      'rest_client_request_duration_seconds',
      'leader_election_master_status',
    ]) {
      expect(names).toContain(name);
    }
  });
});

describe('createMetrics', () => {
  it('shows known label values at zero before anything happened', async () => {
    const text = await createMetrics({ process: false }).scrape();
    expect(text).toContain('ado_runs_completed_total{result="Failed"} 0');
    expect(text).toContain('ado_tasks_completed_total{result="Skipped"} 0');
    expect(text).toContain('ado_pods_lost_total 0');
    expect(text).toContain('ado_status_bytes_count 0');
  });

  it('keeps two sets of metrics in one process apart', async () => {
    const one = createMetrics({ process: false });
    const two = createMetrics({ process: false });
    one.podsLost.inc();
    expect(await two.scrape()).toContain('ado_pods_lost_total 0');
  });

  it('tells of the process and of the event loop', async () => {
    const metrics = createMetrics();
    await new Promise((resolve) => setTimeout(resolve, 60));
    const text = await metrics.scrape();
    for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_gc_duration_seconds']) {
      expect(text).toContain(`# TYPE ${name}`);
    }
    expect(text).toMatch(/ado_event_loop_delay_seconds\{stat="p99"\} 0\.\d*[1-9]/);
  });

  it('computes what is computed before every scrape', async () => {
    const metrics = createMetrics({ process: false });
    let runs = 0;
    metrics.onScrape(() => metrics.runsActive.set(++runs));
    await metrics.scrape();
    expect(await metrics.scrape()).toContain('ado_runs_active 2');
  });

  it('passes promtool check metrics, where promtool is installed, and its rules on names anywhere', async () => {
    const text = await fullScrape();
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
    expect(types.length).toBeGreaterThan(table.length);
    for (const [, name = '', type] of types) {
      expect(`${name} ${name.endsWith('_total')}`).toBe(`${name} ${type === 'counter'}`);
      expect(name).not.toMatch(/histogram|summary|gauge|counter|_milliseconds|_ms$/);
    }
    const problems = existsSync(PROMTOOL)
      ? execFileSync(PROMTOOL, ['check', 'metrics'], { input: text }).toString()
      : '';
    expect(problems).toBe('');
  });
});
