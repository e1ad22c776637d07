/** Rules for the fault proxy that are about watches: what a stream of events can suffer on its way. */
import { type Readable, Transform, type TransformCallback } from 'node:stream';
import type { KubeObject } from '../../src/runtime/index.ts';
import type { ProxiedRequest, Rule } from './fault-proxy.ts';

/** One event on its way. */
export interface PassingEvent {
  readonly type: string;
  readonly object: KubeObject;
  /** Plural of the resource that is watched. */
  readonly resource: string;
  /** The line as it came, without its end. */
  readonly text: string;
}

/** Puts the stream of every watch through a transform of its own; everything else passes. */
export function throughEach(make: (request: ProxiedRequest) => Transform | undefined): Rule {
  return async (request, forward) => {
    const answer = await forward();
    const { body } = answer;
    if (Buffer.isBuffer(body)) return answer;
    const transform = make(request);
    return transform ? { ...answer, body: joined(body, transform) } : answer;
  };
}

/** Not by `pipeline`, which would end the one as soon as the other is done. */
function joined(source: Readable, transform: Transform): Transform {
  source.on('error', () => transform.destroy(new Error('the server cut the watch')));
  transform.on('close', () => source.destroy());
  // A rule may give the answer up before anybody reads it.
  transform.on('error', () => source.destroy());
  return source.pipe(transform);
}

/** Events that are no bookmarks pass only if `passes` says so. Bookmarks always do. */
export const onlyEvents = (passes: (event: PassingEvent) => boolean): Rule =>
  changedEvents((event) => (event.type === 'BOOKMARK' || passes(event) ? event.text : undefined));

/** What a watch says line by line, as it came, changed, or (undefined) not at all. */
export function changedEvents(change: (event: PassingEvent) => string | undefined): Rule {
  return throughEach(
    ({ resource }) =>
      new Lines((text) => {
        const { type, object } = JSON.parse(text) as Pick<PassingEvent, 'type' | 'object'>;
        return change({ type, object, resource, text });
      }),
  );
}

/** Each event becomes a bookmark of its version: the watcher goes on, and learns nothing. */
export const bookmarksOnly = (happens: (event: PassingEvent) => boolean): Rule =>
  changedEvents((event) => {
    if (event.type === 'BOOKMARK' || !happens(event)) return event.text;
    const { apiVersion, kind, metadata } = event.object;
    const { resourceVersion } = metadata;
    return JSON.stringify({ type: 'BOOKMARK', object: { apiVersion, kind, metadata: { resourceVersion } } });
  });

/**
 * From some moment on nothing comes any more, and nobody says that the connection is dead.
 * @param deathOf asked once for every stream, and then with every chunk whether the stream is dead
 */
export const blackHole = (deathOf: (request: ProxiedRequest) => () => boolean): Rule =>
  throughEach((request) => {
    const isDead = deathOf(request);
    return new Transform({
      transform: (chunk, _encoding, done) => (isDead() ? done() : done(null, chunk)),
      flush: () => undefined,
    });
  });

/** The stream passes up to where `endOf` says that it breaks, in bytes; undefined: not in this chunk. */
export const cutStream = (endOf: (chunk: Buffer, passed: number) => number | undefined): Rule =>
  throughEach(() => new Cut(endOf));

/** Every byte comes, but a few at a time, across all borders of characters and lines. */
export const inPieces = (sizeOf: () => number): Rule =>
  throughEach(
    () =>
      new Transform({
        transform(chunk: Buffer, _encoding, done) {
          for (let at = 0; at < chunk.length; ) {
            const size = sizeOf();
            this.push(chunk.subarray(at, at + size));
            at += size;
          }
          done();
        },
      }),
  );

class Lines extends Transform {
  readonly #change: (text: string) => string | undefined;
  #rest: Buffer = Buffer.alloc(0);

  constructor(change: (text: string) => string | undefined) {
    super();
    this.#change = change;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (let end = this.#rest.indexOf(0x0a); end >= 0; end = this.#rest.indexOf(0x0a)) {
      const changed = this.#change(this.#rest.subarray(0, end).toString('utf8'));
      this.#rest = this.#rest.subarray(end + 1);
      if (changed !== undefined) this.push(`${changed}\n`);
    }
    done();
  }
}

class Cut extends Transform {
  readonly #endOf: (chunk: Buffer, passed: number) => number | undefined;
  #passed = 0;
  #isCut = false;

  constructor(endOf: (chunk: Buffer, passed: number) => number | undefined) {
    super();
    this.#endOf = endOf;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.#isCut) return done();
    const end = this.#endOf(chunk, this.#passed);
    this.#passed += chunk.length;
    if (end === undefined) return done(null, chunk);
    this.#isCut = true;
    this.push(chunk.subarray(0, end));
    // What was passed on must arrive before the connection breaks.
    setTimeout(() => this.destroy(new Error('the stream is cut')), 20);
    done();
  }
}
