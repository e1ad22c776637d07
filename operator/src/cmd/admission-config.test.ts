import { describe, expect, it } from 'vitest';
import { readConfig } from './config.ts';

const read = (...args: string[]) => readConfig(args, {}).admission;

describe('the configuration of the admission webhook', () => {
  it('is absent without an address', () => {
    expect(read()).toBeUndefined();
    expect(() => read('--admission-url', 'https://10.0.0.1:9443')).toThrow('give both');
  });

  it('names the Service, or the given URL', () => {
    const address = ['--admission-address', '0.0.0.0:9443'];
    expect(read(...address)).toEqual({ host: '0.0.0.0', port: 9443, reachedAt: undefined, pathPeriodMs: 3_600_000 });
    expect(read(...address, '--admission-url', 'https://10.0.0.1:9443')?.reachedAt).toBe('10.0.0.1');
    expect(read(...address, '--admission-url', 'https://[fd00::1]:9443')?.reachedAt).toBe('fd00::1');
  });

  it('refuses invalid options by name', () => {
    const address = ['--admission-address', '0.0.0.0:9443'];
    for (const url of ['http://10.0.0.1', 'https://10.0.0.1/path', 'nonsense']) {
      expect(() => read(...address, '--admission-url', url)).toThrow(`--admission-url: "${url}" is not of the form`);
    }
    expect(() => read(...address, '--admission-path-period', '5ms')).toThrow('--admission-path-period: "5ms"');
    expect(() => read('--admission-address', 'nowhere')).toThrow('--admission-address: "nowhere"');
    expect(() => read(...address, '--namespaces', 'a')).toThrow('serves the whole cluster');
  });
});
