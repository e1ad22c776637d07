import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
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

  it('of the base is read from the Dockerfile, and one without it is refused', () => {
    expect(baseName(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'))).toMatch(/^node:\d+-[a-z-]+$/);
    expect(() => baseName('FROM scratch\n')).toThrow('ARG NODE_IMAGE');
  });
});
