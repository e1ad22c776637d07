import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Pod } from '../../src/pods/index.ts';
import { useApiServer } from '../support/control-plane.ts';

const api = useApiServer();

/** The golden manifests of `src/pods/build.test.ts`: what the server takes there is what the operator creates. */
const golden = (name: string): Pod =>
  parse(readFileSync(join(import.meta.dirname, `../golden/pods/${name}.yaml`), 'utf8')) as Pod;

describe('the pods of tasks, judged by a real API server', () => {
  let namespace = '';

  beforeAll(async () => {
    namespace = await api.namespace();
    for (const account of ['default', 'builder']) await api.run(['create', 'serviceaccount', account, '-n', namespace]);
    const cluster = [
      { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: 'gvisor' }, handler: 'runsc' },
      { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'batch' }, value: 10 },
    ];
    for (const object of cluster) await api.run(['create', '-f', '-'], object);
  });

  const dryRun = (pod: Pod) => {
    const metadata = { ...pod.metadata, namespace };
    return api.kubectl(['create', '--dry-run=server', '--validate=strict', '-o', 'json', '-f', '-'], {
      ...pod,
      metadata,
    });
  };

  it.each(['script', 'container', 'everything'])(
    'takes %s under Pod Security restricted, every field',
    async (name) => {
      const pod = golden(name);
      const { code, stdout, stderr } = await dryRun(pod);
      expect(stderr).toBe('');
      expect(code).toBe(0);
      const { volumeMounts = [], ...container } = pod.spec.containers[0] ?? { name: '' };
      // The server adds the mount of the token, where one is asked for, to those of the task.
      const mounts = expect.arrayContaining([...volumeMounts]);
      expect((JSON.parse(stdout) as Pod).spec.containers).toMatchObject([{ ...container, volumeMounts: mounts }]);
    },
  );

  it('refuses one that a task made privileged', async () => {
    const pod = golden('script');
    const securityContext = { privileged: true, allowPrivilegeEscalation: true };
    const containers = pod.spec.containers.map((container) => ({ ...container, securityContext }));
    const { code, stderr } = await dryRun({ ...pod, spec: { ...pod.spec, containers } });
    expect(code).not.toBe(0);
    expect(stderr).toContain('violates PodSecurity "restricted');
  });
});
