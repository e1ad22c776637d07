import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../objects/index.ts';
import { type Answer, sendJson, sendStatus } from './testing/fake-api-server.ts';
import { FakeCollection, type FakeObject } from './testing/fake-collection.ts';
import { isWatch, reflect } from './testing/reflect.ts';
import { until } from './testing/until.ts';

describe('Reflector', () => {
  it('lists in pages, then watches from the version of the list with bookmarks and an end of its own', async () => {
    const collection = new FakeCollection();
    for (let i = 0; i < 5; i++) collection.put(`p${i}`, `n${i}`);
    await using r = await reflect((request, response) => collection.answer(request, response), {
      pageLimit: 2,
      labelSelector: 'x=y',
    });
    await r.reflector.synced;
    await until('a watch opens', () => collection.watches.size === 1);
    expect(r.content()).toEqual(collection.content);
    expect(r.lists().map((list) => list.url.searchParams.get('continue'))).toEqual([null, '2', '4']);
    const parameters = r.watches()[0]?.url.searchParams;
    expect(parameters?.get('resourceVersion')).toBe(collection.currentVersion);
    expect(parameters?.get('allowWatchBookmarks')).toBe('true');
    expect(parameters?.get('labelSelector')).toBe('x=y');
    const seconds = Number(parameters?.get('timeoutSeconds'));
    expect(seconds).toBeGreaterThanOrEqual(300);
    expect(seconds).toBeLessThanOrEqual(600);
  });

  it('follows additions, changes and deletions', async () => {
    const collection = new FakeCollection();
    await using r = await reflect((request, response) => collection.answer(request, response));
    await until('a watch opens', () => collection.watches.size === 1);
    collection.put('x', 'one');
    collection.put('x', 'two');
    collection.remove('x');
    await until('all of it arrived', () => r.log.length === 3);
    expect(r.log).toEqual(['+a/x:one', '~a/x:two', '-a/x:two']);
  });

  it('drops managedFields and the last applied configuration before decoding, and fills in the kind', async () => {
    const collection = new FakeCollection();
    collection.put('x', 'one');
    const seen: string[] = [];
    await using r = await reflect((request, response) => collection.answer(request, response), {
      decode: (object) => {
        seen.push(JSON.stringify([object.apiVersion, object.kind, object.metadata.managedFields]));
        return '';
      },
    });
    await r.reflector.synced;
    expect(seen).toEqual(['["v1","Pod",null]']);
  });

  it('goes on from the last event or bookmark when a watch ends, without listing again', async () => {
    const collection = new FakeCollection();
    await using r = await reflect((request, response) => collection.answer(request, response));
    await until('a watch opens', () => collection.watches.size === 1);
    const version = collection.put('x', 'one');
    await r.holds(collection);
    for (const watch of collection.watches) watch.end();
    await until('it watches again', () => r.watches().length === 2);
    expect(r.watches()[1]?.url.searchParams.get('resourceVersion')).toBe(version);
    await until('the second watch opens', () => collection.watches.size === 1);
    collection.bookmark();
    const marked = collection.currentVersion;
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const watch of collection.watches) watch.destroy();
    await until('it watches a third time', () => r.watches().length === 3);
    expect(r.watches()[2]?.url.searchParams.get('resourceVersion')).toBe(marked);
    expect(r.lists()).toHaveLength(1);
  });

  it('loses nothing that happens between two watches', async () => {
    const collection = new FakeCollection();
    await using r = await reflect((request, response) => collection.answer(request, response));
    for (let i = 0; i < 20; i++) {
      await until('a watch opens', () => collection.watches.size === 1);
      for (const watch of [...collection.watches]) {
        if (i % 2) watch.end();
        else watch.destroy();
        collection.watches.delete(watch);
      }
      collection.put(`p${i % 7}`, `n${i}`);
      if (i % 5 === 4) collection.remove(`p${i % 7}`);
    }
    await r.holds(collection);
    expect(r.lists()).toHaveLength(1);
  });

  it('survives a stream that is cut at any byte, also inside a character of several bytes', async () => {
    const collection = new FakeCollection();
    const start = collection.currentVersion;
    collection.put('é', 'naïve 日本 🚀');
    collection.put('y', 'Ω');
    const size = collection.linesAfter(start).length;
    expect(size).toBeGreaterThan(300);
    let cut = 0;
    await using r = await reflect(
      (request, response) => {
        const from = request.url.searchParams.get('resourceVersion') ?? '';
        if (!isWatch(request)) return sendJson(response, { metadata: { resourceVersion: start }, items: [] });
        if (from !== start || cut >= size) return collection.serveWatch(request, response);
        response.writeHead(200);
        response.flushHeaders();
        response.write(collection.linesAfter(from).subarray(0, ++cut), () => response.destroy());
      },
      { backoff: { baseMs: 0, capMs: 0 } },
    );
    await r.holds(collection);
    expect(r.lists()).toHaveLength(1);
    expect(cut).toBeGreaterThan(0);
  });

  it('puts together events whose bytes arrive one by one', async () => {
    const collection = new FakeCollection();
    const start = collection.currentVersion;
    collection.put('é', '日本 🚀');
    collection.put('é', 'Ω');
    const bytes = collection.linesAfter(start);
    await using r = await reflect(async (request, response) => {
      if (!isWatch(request)) return sendJson(response, { metadata: { resourceVersion: start }, items: [] });
      response.socket?.setNoDelay(true);
      response.writeHead(200);
      for (const byte of bytes) {
        response.write(Buffer.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    await until('both events arrived', () => r.log.length === 2);
    expect(r.log).toEqual(['+a/é:日本 🚀', '~a/é:Ω']);
  });

  it('notices a connection that is open but dead', async () => {
    const collection = new FakeCollection();
    let dead = true;
    await using r = await reflect(
      (request, response) => {
        if (!isWatch(request) || !dead) return collection.answer(request, response);
        response.writeHead(200);
        response.flushHeaders();
      },
      { inactivityMs: 60 },
    );
    await until('the dead watch is replaced', () => r.watches().length >= 2);
    dead = false;
    collection.put('x', 'one');
    await r.holds(collection);
    expect(r.lists()).toHaveLength(1);
    expect(await r.metrics.scrape()).toMatch(/ado_watch_restarts_total\{resource="pods",reason="Silent"\} [1-9]/);
  });

  it('notices a server that never answers a watch', async () => {
    const collection = new FakeCollection();
    let mute = true;
    await using r = await reflect(
      (request, response) => (isWatch(request) && mute ? undefined : collection.answer(request, response)),
      {
        inactivityMs: 60,
      },
    );
    await until('it tries again', () => r.watches().length >= 2);
    mute = false;
    collection.put('x', 'one');
    await r.holds(collection);
  });

  it('lets a quiet watch live as long as bookmarks come', async () => {
    const collection = new FakeCollection();
    await using r = await reflect((request, response) => collection.answer(request, response), { inactivityMs: 150 });
    await until('a watch opens', () => collection.watches.size === 1);
    for (let i = 0; i < 12; i++) {
      await new Promise((resolve) => setTimeout(resolve, 40));
      collection.bookmark();
    }
    expect(r.watches()).toHaveLength(1);
    expect(r.log).toEqual([]);
  });

  it.each<[string, Answer]>([
    ['a status', (_request, response) => sendStatus(response, 410, 'Expired')],
    [
      'an ERROR event',
      (_request, response) => {
        response.writeHead(200);
        const object = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version: 1 (2)' };
        response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
      },
    ],
    [
      'an ERROR event with the reason alone',
      (_request, response) => {
        response.writeHead(200);
        response.end('{"type":"ERROR","object":{"kind":"Status","reason":"Expired"}}\n');
      },
    ],
  ])('lists again when 410 comes as %s', async (_form, refuse) => {
    const collection = new FakeCollection();
    collection.put('stays', 'one');
    collection.put('goes', 'one');
    let refused = 0;
    await using r = await reflect((request, response) => {
      if (!isWatch(request) || refused > 0) return collection.answer(request, response);
      refused++;
      collection.remove('goes');
      collection.put('comes', 'one');
      return refuse(request, response);
    });
    await until('it lists again', () => r.lists().length === 2);
    await r.holds(collection);
    expect(r.log.slice(-3)).toEqual(['=a/stays', '+a/comes:one', '-a/goes:one']);
    expect(r.lists()).toHaveLength(2);
    expect(await r.metrics.scrape()).toContain('ado_watch_restarts_total{resource="pods",reason="Gone"} 1');
  });

  it('starts the list over when 410 comes on a page, at last without pages', async () => {
    const collection = new FakeCollection();
    for (let i = 0; i < 5; i++) collection.put(`p${i}`, 'one');
    await using r = await reflect(
      (request, response) =>
        request.url.searchParams.has('continue')
          ? sendStatus(response, 410, 'Expired')
          : collection.answer(request, response),
      { pageLimit: 2 },
    );
    await r.holds(collection);
    expect(r.lists().map((list) => list.url.searchParams.get('limit'))).toEqual(['2', '2', '2', '2', null]);
    expect(r.log).toHaveLength(5);
  });

  it('waits as long as a 429 asks, for list and for watch', async () => {
    const collection = new FakeCollection();
    const times: Record<string, number[]> = { list: [], watch: [] };
    await using r = await reflect((request, response) => {
      const seen = times[isWatch(request) ? 'watch' : 'list'] ?? [];
      if (seen.push(performance.now()) > 1) return collection.answer(request, response);
      sendStatus(response, 429, 'TooManyRequests', { 'retry-after': '0.2' });
    });
    await until('a watch opens', () => collection.watches.size === 1);
    for (const [first = 0, second = 0] of Object.values(times)) expect(second - first).toBeGreaterThan(190);
    expect(await r.metrics.scrape()).toContain('reason="Throttled"} 1');
    expect(r.lists()).toHaveLength(2);
  });

  it('comes through a storm of 500 and 503 and goes on from where it was', async () => {
    const collection = new FakeCollection();
    let storm = 0;
    await using r = await reflect((request, response) => {
      if (storm <= 0) return collection.answer(request, response);
      storm--;
      sendStatus(response, storm % 2 ? 500 : 503, 'InternalError');
    });
    await until('a watch opens', () => collection.watches.size === 1);
    storm = 12;
    for (const watch of collection.watches) watch.destroy();
    collection.put('x', 'one');
    await r.holds(collection);
    expect(storm).toBe(0);
    expect(r.lists()).toHaveLength(1);
  });

  it('keeps trying when the first lists fail, and is synced only after one succeeded', async () => {
    const collection = new FakeCollection();
    let down = true;
    await using r = await reflect((request, response) =>
      down ? sendStatus(response, 403, 'Forbidden') : collection.answer(request, response),
    );
    await until('several lists failed', () => r.lists().length >= 4);
    expect(r.reflector.hasSynced).toBe(false);
    expect(await r.metrics.scrape()).toContain('ado_informer_synced{resource="pods"} 0');
    down = false;
    await r.reflector.synced;
    expect(await r.metrics.scrape()).toContain('ado_informer_synced{resource="pods"} 1');
  });

  it('pauses longer and longer when the server closes every watch at once', async () => {
    const collection = new FakeCollection();
    await using r = await reflect(
      (request, response) => {
        if (!isWatch(request)) return collection.answer(request, response);
        response.writeHead(200);
        response.end();
      },
      { backoff: { baseMs: 20, capMs: 10_000 }, random: () => 1 },
    );
    await r.reflector.synced;
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(r.watches().length).toBeGreaterThan(1);
    expect(r.watches().length).toBeLessThanOrEqual(6);
  });

  it('does not make a storm either when every watch brings an event before it is closed, or 410 follows every list', async () => {
    const collection = new FakeCollection();
    let gone = false;
    await using r = await reflect(
      (request, response) => {
        if (!isWatch(request)) return collection.answer(request, response);
        if (gone) return sendStatus(response, 410, 'Gone');
        collection.put('x', String(r.watches().length));
        collection.serveWatch(request, response);
        response.end();
      },
      { backoff: { baseMs: 20, capMs: 10_000 }, random: () => 1 },
    );
    await r.reflector.synced;
    await new Promise((resolve) => setTimeout(resolve, 300));
    gone = true;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(r.server.requests.length).toBeGreaterThan(3);
    expect(r.server.requests.length).toBeLessThanOrEqual(12);
  });

  it('starts with short pauses again after a watch that lived for a while', async () => {
    const collection = new FakeCollection();
    let cutAt = 0;
    const gaps: number[] = [];
    await using r = await reflect(
      (request, response) => {
        if (!isWatch(request)) return collection.answer(request, response);
        if (cutAt > 0) gaps.push(performance.now() - cutAt);
        collection.serveWatch(request, response);
        setTimeout(() => {
          cutAt = performance.now();
          response.destroy();
        }, 40);
      },
      { backoff: { baseMs: 20, capMs: 60_000 }, stableMs: 20, random: () => 1 },
    );
    await until('many watches were cut', () => gaps.length === 8);
    expect(r.lists()).toHaveLength(1);
    // Without a new start the eighth pause would be 2,560 ms, and all together twice that.
    expect(Math.min(...gaps.slice(4))).toBeLessThan(300);
  });

  it('sees an object deleted and made again during an outage as two things', async () => {
    const collection = new FakeCollection();
    collection.put('x', 'first');
    let gone = false;
    await using r = await reflect((request, response) => {
      if (isWatch(request) && gone) {
        gone = false;
        return sendStatus(response, 410, 'Expired');
      }
      return collection.answer(request, response);
    });
    await until('a watch opens', () => collection.watches.size === 1);
    collection.remove('x', false);
    collection.put('x', 'second', false);
    gone = true;
    for (const watch of collection.watches) watch.destroy();
    await r.holds(collection);
    expect(r.log).toEqual(['+a/x:first', '-a/x:first', '+a/x:second']);
  });

  it('goes on when a handler throws, and counts it', async () => {
    const collection = new FakeCollection();
    await using r = await reflect((request, response) => collection.answer(request, response));
    r.reflector.store.subscribe({
      added: () => {
        throw new Error('handler');
      },
    });
    await until('a watch opens', () => collection.watches.size === 1);
    collection.put('x', 'one');
    collection.put('y', 'one');
    await r.holds(collection);
    expect(r.watches()).toHaveLength(1);
    expect(await r.metrics.scrape()).toContain('ado_informer_handler_errors_total{resource="pods"} 2');
  });

  it('skips an object that cannot be decoded, keeps its older copy, and goes on', async () => {
    const collection = new FakeCollection();
    collection.put('x', 'good');
    const decode = (object: KubeObject) => {
      const { note } = object as FakeObject;
      if (note.startsWith('bad')) throw new Error('unknown stateVersion');
      return note;
    };
    await using r = await reflect((request, response) => collection.answer(request, response), {
      decode,
      relistPeriodMs: 100,
    });
    await until('a watch opens', () => collection.watches.size === 1);
    collection.put('x', 'bad');
    collection.put('z', 'bad');
    collection.put('y', 'fine');
    await until('the next object arrives', () => r.reflector.store.size === 2);
    await until('a periodic list passed', () => r.lists().length >= 2);
    expect(r.content()).toEqual({ 'a/x': 'good', 'a/y': 'fine' });
    collection.remove('x');
    await until('its deletion arrives', () => r.reflector.store.size === 1);
    expect(await r.metrics.scrape()).toMatch(/ado_informer_undecodable_objects_total\{resource="pods"\} [3-9]/);
  });

  it('caches a stand-in for an object that cannot be decoded, when it is given one', async () => {
    const collection = new FakeCollection();
    collection.put('x', 'bad');
    await using r = await reflect((request, response) => collection.answer(request, response), {
      decode: () => {
        throw new Error('no');
      },
      undecodable: (object, error) => `${object.metadata.name}: ${(error as Error).message}`,
    });
    await r.reflector.synced;
    expect(r.content()).toEqual({ 'a/x': 'x: no' });
  });

  it('tries a malformed event again from the same position, and then lists', async () => {
    const collection = new FakeCollection();
    let bad = 2;
    await using r = await reflect((request, response) => {
      if (!isWatch(request) || bad <= 0) return collection.answer(request, response);
      bad--;
      response.writeHead(200);
      response.end('{"type":"ADDED","object":{"metadata":\n');
    });
    collection.put('x', 'one');
    await r.holds(collection);
    await until('a third watch', () => r.watches().length === 3);
    expect(r.lists()).toHaveLength(2);
  });

  it('refuses a line that never ends instead of holding it', async () => {
    const collection = new FakeCollection();
    let first = true;
    await using r = await reflect((request, response) => {
      if (!isWatch(request) || !first) return collection.answer(request, response);
      first = false;
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(1024 * 1024, 97)));
      };
      response.on('drain', more);
      more();
    });
    await until('it watches again', () => r.watches().length === 2);
    collection.put('x', 'one');
    await r.holds(collection);
    expect(await r.metrics.scrape()).toContain('reason="Malformed"} 1');
  });

  it('does not let a flood of events keep others from the event loop', async () => {
    const collection = new FakeCollection();
    const start = collection.currentVersion;
    for (let i = 0; i < 20_000; i++) collection.put(`p${i % 100}`, `n${i} ${'x'.repeat(300)}`);
    let longest = 0;
    let last = performance.now();
    const ticker = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    await using r = await reflect((request, response) =>
      isWatch(request)
        ? collection.serveWatch(request, response)
        : sendJson(response, { metadata: { resourceVersion: start }, items: [] }),
    );
    await until('all events arrived', () => r.log.length === 20_000, 20_000);
    clearInterval(ticker);
    expect(r.content()).toEqual(collection.content);
    expect(longest).toBeGreaterThan(0);
  });

  it('watches each of its namespaces on its own, and is synced when all are', async () => {
    const collection = new FakeCollection();
    collection.put('x', 'one');
    let open = false;
    await using r = await reflect(
      (request, response) => {
        if (request.url.pathname.includes('/namespaces/a/')) return collection.answer(request, response);
        if (!open) return sendStatus(response, 403, 'Forbidden');
        if (isWatch(request)) return void response.writeHead(200).flushHeaders();
        sendJson(response, { metadata: { resourceVersion: '7' }, items: [] });
      },
      { namespaces: ['a', 'b'], relistPeriodMs: 60 },
    );
    await until('namespace a is there', () => r.reflector.store.size === 1);
    expect(r.reflector.hasSynced).toBe(false);
    open = true;
    await r.reflector.synced;
    await until('b was listed again', () => r.lists().filter((list) => list.url.pathname.includes('/b/')).length >= 3);
    expect(r.content()).toEqual({ 'a/x': 'one' });
  });
});
