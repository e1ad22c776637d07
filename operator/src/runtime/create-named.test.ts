import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../objects/index.ts';
import { createNamed } from './create-named.ts';
import { ApiError } from './errors.ts';

const TYPE = { group: '', version: 'v1', plural: 'things', kind: 'Thing', namespaced: true };
const ours: KubeObject = { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'a', labels: { by: 'us' } } };
const build = (name: string): KubeObject => ({ ...ours, metadata: { ...ours.metadata, name } });
const isOurs = ({ metadata }: KubeObject) => metadata.labels?.by === 'us';

/** A server in which somebody takes a name away as soon as it is looked at, so many times. */
class Server {
  readonly objects = new Map<string, KubeObject>();
  races = 0;
  async create(_type: unknown, object: KubeObject): Promise<KubeObject> {
    if (this.objects.has(object.metadata.name)) throw new ApiError(409, { reason: 'AlreadyExists' });
    this.objects.set(object.metadata.name, object);
    return object;
  }
  async get(_type: unknown, { name }: { name: string }): Promise<KubeObject> {
    if (this.races-- > 0) this.objects.delete(name);
    const found = this.objects.get(name);
    if (!found) throw new ApiError(404, { reason: 'NotFound' });
    return found;
  }
}

const create = (server: Server) => createNamed(server as never, TYPE, ['a', 'b'], build, isOurs);

describe('an object that may have one of several names', () => {
  it('has the first that no stranger has, and is found when it is created again', async () => {
    const server = new Server();
    expect(await create(server)).toMatchObject({ object: { metadata: { name: 'a' } }, isNew: true, strangers: [] });
    expect(await create(server)).toMatchObject({ object: { metadata: { name: 'a' } }, isNew: false, strangers: [] });
    const squatted = new Server();
    squatted.objects.set('a', { ...ours, metadata: { name: 'a' } });
    expect(await create(squatted)).toMatchObject({ object: { metadata: { name: 'b' } }, strangers: ['a'] });
    squatted.objects.set('b', { ...ours, metadata: { name: 'b' } });
    expect(await create(squatted)).toEqual({ isNew: false, strangers: ['a', 'b'] });
  });

  it('is created all the same where a stranger goes in the moment in which it is looked at', async () => {
    const server = new Server();
    server.objects.set('a', { ...ours, metadata: { name: 'a' } });
    server.races = 1;
    expect(await create(server)).toMatchObject({ object: { metadata: { name: 'a' } }, isNew: true });
  });
});
