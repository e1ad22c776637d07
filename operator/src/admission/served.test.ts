import { describe, expect, it } from 'vitest';
import { objectKey } from '../api/index.ts';
import type { KubeClient } from '../runtime/index.ts';
import { createMetrics, silentLogger } from '../telemetry/index.ts';
import { ServedNamespaces } from './served.ts';

const settings = { client: {} as KubeClient, logger: silentLogger(), metrics: createMetrics() };

describe('a namespace is left to another operator', () => {
  it('that this one was told to leave alone, with a word on the label that it lacks', () => {
    const { left } = new ServedNamespaces(settings, ['demo']);
    expect(left('demo')).toMatch(/--except-namespaces.*label flow.ado.dev\/operator/);
    expect(left('demo-2')).toBeUndefined();
    expect(left(undefined)).toBeUndefined();
  });

  it('as long as it has the label of one, whatever its value', () => {
    const { left, reflector } = new ServedNamespaces(settings, []);
    const key = objectKey({ name: 'demo' });
    const entry = { key, uid: 'u', resourceVersion: '1', value: '' };
    reflector.store.put(entry);
    expect(left('demo')).toContain('as its label flow.ado.dev/operator says');
    expect(left('other')).toBeUndefined();
    reflector.store.remove(key, 'u', undefined);
    expect(left('demo')).toBeUndefined();
  });
});
