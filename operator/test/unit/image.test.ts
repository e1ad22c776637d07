import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { baseName, deployedName, qualified } from '../../hack/image.ts';

const ROOT = join(import.meta.dirname, '../../..');

describe('the name of an image', () => {
  it.each([
    ['busybox:1.36', 'docker.io/library/busybox:1.36'],
    ['ado/operator:0.1.0', 'docker.io/ado/operator:0.1.0'],
    ['localhost/ado:1', 'localhost/ado:1'],
    ['mirror:5000/ado/operator:1', 'mirror:5000/ado/operator:1'],
    ['images.internal/ado/operator:1', 'images.internal/ado/operator:1'],
  ])('%s is completed as Kubernetes does: %s', (name, whole) => {
    expect(qualified(name)).toBe(whole);
  });

  it('is that of the Deployment, with the version of the project', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(deployedName()).toBe(`ado/operator:${version}`);
  });

  it('is that of the pods that make requests too, whatever a kustomization makes of it before', () => {
    const folder = join(ROOT, 'config/operator');
    const [container] = parse(readFileSync(join(folder, 'deployment.yaml'), 'utf8')).spec.template.spec.containers;
    const { value } = container.env.find(({ name }: { name: string }) => name === 'ADO_HTTP_IMAGE');
    expect(value).toBe(container.image);
    const [{ source, targets }] = parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')).replacements;
    const of = `spec.template.spec.containers.[name=${container.name}]`;
    expect([source.fieldPath, targets[0].fieldPaths]).toEqual([
      `${of}.image`,
      [`${of}.env.[name=ADO_HTTP_IMAGE].value`],
    ]);
  });

  it('of the base is read from the Dockerfile, and one without it is refused', () => {
    expect(baseName(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'))).toMatch(/^node:\d+-[a-z-]+$/);
    expect(() => baseName('FROM scratch\n')).toThrow('ARG NODE_IMAGE');
  });
});
