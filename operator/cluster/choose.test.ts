import { describe, expect, it } from 'vitest';
import { chooseCluster, shapeConflict, shapeOf } from './choose.ts';

describe('the choice of a cluster', () => {
  it('is the given context, even if a Docker engine answers', () => {
    expect(chooseCluster({ name: 'a', context: 'mine' }, true)).toBe('context');
  });

  it('is kind if a Docker engine answers', () => {
    expect(chooseCluster({ name: 'a' }, true)).toBe('kind');
  });

  it('is the embedded cluster without a Docker engine', () => {
    expect(chooseCluster({ name: 'a' }, false)).toBe('embedded');
  });

  it('is the embedded cluster for simulated nodes, even if a Docker engine answers', () => {
    expect(chooseCluster({ name: 'a', kwok: 5 }, true)).toBe('embedded');
  });
});

describe('the shape of a cluster', () => {
  it('is one real node by default', () => {
    expect(shapeOf({ name: 'a' })).toEqual({ controllers: true, node: true, simulatedNodes: 0 });
  });

  it('has no real node beside simulated ones by default', () => {
    expect(shapeOf({ name: 'a', kwok: 3 }).node).toBe(false);
    expect(shapeOf({ name: 'a', kwok: 3, kubelet: true }).node).toBe(true);
  });

  it('can get more simulated nodes, but not fewer', () => {
    const three = shapeOf({ name: 'a', kwok: 3 });
    const five = shapeOf({ name: 'a', kwok: 5 });
    expect(shapeConflict(three, five)).toBeUndefined();
    expect(shapeConflict(five, three)).toContain('5 simulated nodes');
  });

  it('cannot gain or lose a real node', () => {
    const real = shapeOf({ name: 'a' });
    const simulated = shapeOf({ name: 'a', kwok: 3 });
    expect(shapeConflict(real, simulated)).toBe('has a real node');
    expect(shapeConflict(simulated, real)).toBe('has no real node');
  });

  it('differs from an API server without controllers', () => {
    expect(shapeConflict({ controllers: false, node: false, simulatedNodes: 0 }, shapeOf({ name: 'a' }))).toContain(
      'without controllers',
    );
  });
});
