import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  BINARIES,
  binariesFor,
  cacheKey,
  expectedBuildMs,
  goBuildArgs,
  newEnough,
  PEER_VERSIONS,
  remainingBuildMs,
} from './build-plan.ts';

describe('the built programs', () => {
  it('exclude node programs for simulated nodes only', () => {
    const names = binariesFor({ node: false, simulated: true });
    expect(names).toContain('kwok');
    expect(names).not.toContain('kubelet');
    expect(names).not.toContain('coredns');
  });

  it('exclude kwok for a real node', () => {
    const names = binariesFor({ node: true, simulated: false });
    expect(names).toContain('kubelet');
    expect(names).not.toContain('kwok');
  });

  it('start with the programs for tests of the API', () => {
    expect(binariesFor({ node: true, simulated: true }).slice(0, 3)).toEqual(['kube-apiserver', 'etcd', 'kubectl']);
  });

  it('have their version', () => {
    const args = goBuildArgs(BINARIES.kubelet, 'out');
    expect(args[args.indexOf('-ldflags') + 1]).toBe('-s -w -X k8s.io/component-base/version.gitVersion=v1.34.4');
    expect(args.at(-1)).toBe('k8s.io/kubernetes/cmd/kubelet');
  });
});

it('has the pinned versions of the peers', () => {
  const pinned = (module: string) => readFileSync(join(import.meta.dirname, 'modules', module, 'go.mod'), 'utf8');
  expect(pinned('argo')).toContain(`github.com/argoproj/argo-workflows/v3 ${PEER_VERSIONS.argo} `);
  expect(pinned('tekton')).toContain(`github.com/tektoncd/pipeline ${PEER_VERSIONS.tekton} `);
});

describe('the key of the cache', () => {
  it('changes only with the sources and with Go', () => {
    const key = cacheKey('kubernetes', 'go1.26.0', ['a', 'b']);
    expect(key).toMatch(/^kubernetes-[0-9a-f]{16}$/);
    expect(cacheKey('kubernetes', 'go1.26.0', ['a', 'b'])).toBe(key);
    expect(cacheKey('kubernetes', 'go1.26.1', ['a', 'b'])).not.toBe(key);
    expect(cacheKey('kubernetes', 'go1.26.0', ['ab', ''])).not.toBe(key);
  });
});

it('expects shorter builds on more cores, but never zero', () => {
  const [one, two, many] = [1, 2, 64].map((cores) => expectedBuildMs(BINARIES['kube-apiserver'], cores, 1));
  expect(one).toBeGreaterThan(two ?? 0);
  expect(two).toBe(170_000);
  expect(many).toBeGreaterThan(0);
  expect(expectedBuildMs(BINARIES['kube-apiserver'], 2, 2.4)).toBe(408_000);
});

it('estimates the rest of a build by the pace so far, after enough packages, and never below zero', () => {
  const plan = { ...BINARIES.kwok, packages: 100 };
  expect(remainingBuildMs(plan, 2, 1000)).toBeUndefined();
  expect(remainingBuildMs(plan, 25, 1000)).toBe(3000);
  expect(remainingBuildMs(plan, 120, 1000)).toBe(0);
});

it('accepts Go from 1.26 on', () => {
  expect(['go1.26.0', 'go1.27rc1', 'go1.30'].map(newEnough)).toEqual([true, true, true]);
  expect(['go1.25.9', 'go1.9', ''].map(newEnough)).toEqual([false, false, false]);
});
