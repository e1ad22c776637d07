import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from './config.ts';

describe('the configuration of the operator', () => {
  it('has defaults for everything', () => {
    const config = readConfig([], {});
    expect(config).toMatchObject({
      namespace: 'ado-system',
      leaderElection: true,
      leaseMs: 15_000,
      healthHost: '127.0.0.1',
    });
    expect(config.identity).not.toBe('');
  });

  it('prefers flags to environment variables, and those to defaults', () => {
    const env = { ADO_LEASE_DURATION: '5s', ADO_NAMESPACES: 'a,b', ADO_NO_LEADER_ELECTION: 'true' };
    const config = readConfig(['--lease-duration', '2s'], env);
    expect(config).toMatchObject({ leaseMs: 2000, namespaces: ['a', 'b'], leaderElection: false });
  });

  it('allows requests only to listed hosts and ranges', () => {
    expect(readConfig([], {})).toMatchObject({ httpHosts: [], httpAllowedCidrs: [], httpImage: '' });
    const env = { ADO_HTTP_HOSTS: 'a.example,*.b.example', ADO_HTTP_ALLOW_CIDRS: '10.0.0.0/8', ADO_HTTP_IMAGE: 'i:1' };
    expect(readConfig([], env)).toMatchObject({
      httpHosts: ['a.example', '*.b.example'],
      httpAllowedCidrs: ['10.0.0.0/8'],
      httpImage: 'i:1',
    });
  });

  it('has an artifact store only if it is set, with the image of the operator', () => {
    expect(readConfig([], {}).storage.artifacts).toBeUndefined();
    const env = { ADO_ARTIFACT_STORE: 's3://shelf/a?region=eu', ADO_HTTP_IMAGE: 'ado:1', ADO_ARTIFACT_MAX: '2Mi' };
    expect(readConfig([], env).storage.artifacts).toMatchObject({
      address: 's3://shelf/a?region=eu',
      location: { type: 'S3', bucket: 'shelf' },
      secret: 'ado-artifacts',
      image: 'ado:1',
      maxBytes: 2 * 1024 * 1024,
    });
  });

  it('has a webhook address only if it is set', () => {
    expect(readConfig([], {}).hooks).toBeUndefined();
    expect(readConfig([], { ADO_HOOKS_ADDRESS: '0.0.0.0:8090' }).hooks).toEqual({ host: '0.0.0.0', port: 8090 });
  });

  it('lists each served or excluded namespace once', () => {
    expect(readConfig(['--namespaces', 'a,b,,a'], {})).toMatchObject({ namespaces: ['a', 'b'], exceptNamespaces: [] });
    const except = readConfig([], { ADO_EXCEPT_NAMESPACES: 'shop,team' });
    expect(except).toMatchObject({ namespaces: [], exceptNamespaces: ['shop', 'team'] });
  });

  it.each([
    [['--lease-duration', 'soon'], '--lease-duration: "soon"'],
    [['--lease-duration', '5ms'], '--lease-duration: "5ms"'],
    [['--artifact-store', 'shelf'], '--artifact-store: "shelf" is'],
    [['--artifact-store', 's3://shelf'], '--artifact-image: ""'],
    [['--artifact-store', 's3://shelf', '--artifact-image=i', '--artifact-max=much'], '--artifact-max: "much"'],
    [['--concurrency', '0'], '--concurrency: "0"'],
    [['--health-address', '8081'], '--health-address: "8081"'],
    [['--hooks-address', ':8090'], '--hooks-address: ":8090"'],
    [['--log-level', 'loud'], '--log-level: "loud"'],
    [['--no-such-option'], '--no-such-option'],
    [['--http-hosts', 'a.example,*'], '--http-hosts: "*"'],
    [['--http-allow-cidrs', '10.0.0.0'], '--http-allow-cidrs: "10.0.0.0"'],
    [['--namespaces', 'shop,Team'], '--namespaces: "Team"'],
    [['--except-namespaces', 'shop,metadata.name=x'], '--except-namespaces: "metadata.name=x"'],
    [['--namespaces', 'a', '--except-namespaces', 'b'], '--except-namespaces: "b"'],
    [['--except-namespaces', Array.from({ length: 101 }, (_, n) => `n${n}`).join()], '101 namespaces'],
  ])('refuses %j and names the option and the value', (args, expected) => {
    expect(() => readConfig(args, {})).toThrow(ConfigError);
    expect(() => readConfig(args, {})).toThrow(expected);
  });
});
