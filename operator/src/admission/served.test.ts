import { describe, expect, it } from 'vitest';
import { objectKey } from '../api/index.ts';
import type { KubeClient } from '../runtime/index.ts';
import { createMetrics, silentLogger } from '../telemetry/index.ts';
import { ServedNamespaces } from './served.ts';

const settings = { client: {} as KubeClient, logger: silentLogger(), metrics: createMetrics() };

describe('a namespace is served by another operator', () => {
  it('if the configuration excludes it, and the message names the missing label', () => {
    const { left } = new ServedNamespaces(settings, ['demo']);
    expect(left('demo')).toMatch(/--except-namespaces.*label flow.ado.dev\/operator/);
    expect(left('demo-2')).toBeUndefined();
    expect(left(undefined)).toBeUndefined();
  });

  it('as long as it has the operator label, whatever its value', () => {
    const { left, reflector } = new ServedNamespaces(settings, []);
    const key = objectKey({ name: 'demo' });
    const entry = { key, uid: 'u', resourceVersion: '1', value: '' };
    reflector.store.put(entry);
    expect(left('demo')).toContain('serves the namespace demo (label flow.ado.dev/operator)');
    expect(left('other')).toBeUndefined();
    reflector.store.remove(key, 'u', undefined);
    expect(left('demo')).toBeUndefined();
  });
});
