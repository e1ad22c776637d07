import { describe, expect, it } from 'vitest';
import { Store } from '../runtime/index.ts';
import { CACHE_LAG_MS, Expectations } from './expectations.ts';

function world() {
  const clock = { at: 0, monotonic: () => clock.at };
  const store = new Store<string>();
  const show = (key: string) => store.put({ key, uid: 'u', resourceVersion: '1', value: 'cached' });
  return { clock, store, show, expectations: new Expectations<string>(store, clock) };
}

describe('an expectation', () => {
  it('is pending from the create until the cache shows the object', () => {
    const { show, expectations } = world();
    expect(expectations.pending('n/a')).toBeUndefined();
    expectations.created('n/a', 'made');
    expect(expectations.pending('n/a')).toBe('made');
    show('n/b');
    expect(expectations.pending('n/a')).toBe('made');
    show('n/a');
    expect(expectations.pending('n/a')).toBeUndefined();
  });

  it('is not made where the cache was quicker than the answer to the create', () => {
    const { show, store, expectations } = world();
    show('n/a');
    expectations.created('n/a', 'made');
    store.remove('n/a', 'u');
    expect(expectations.pending('n/a')).toBeUndefined();
  });

  it('stays fulfilled once the object is deleted again', () => {
    const { show, store, expectations } = world();
    expectations.created('n/a', 'made');
    show('n/a');
    store.remove('n/a', 'u');
    expect(expectations.pending('n/a')).toBeUndefined();
  });

  it('ends when the cache may not lag any longer', () => {
    const { clock, expectations } = world();
    expectations.created('n/a', 'made');
    clock.at += CACHE_LAG_MS - 1;
    expect(expectations.pending('n/a')).toBe('made');
    clock.at += 1;
    expect(expectations.pending('n/a')).toBeUndefined();
  });

  it('begins anew with each create', () => {
    const { clock, expectations } = world();
    expectations.created('n/a', 'first');
    clock.at += CACHE_LAG_MS - 1;
    expectations.created('n/a', 'second');
    clock.at += CACHE_LAG_MS - 1;
    expect(expectations.pending('n/a')).toBe('second');
  });
});
