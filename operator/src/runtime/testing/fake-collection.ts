import type { ServerResponse } from 'node:http';
import type { KubeObject } from '../../objects/index.ts';
import { type SeenRequest, sendJson } from './fake-api-server.ts';

export interface FakeObject extends KubeObject {
  note: string;
}

interface LoggedEvent {
  readonly version: bigint;
  readonly line: string;
}

/** Versions start beyond 2^53, where numbers lose digits. */
const FIRST_VERSION = 9_007_199_254_740_993n;

/**
 * A collection of pods in namespace `a` with a log of its changes, enough to serve lists and watches to a reflector.
 * Faults are put in front of it by each test.
 */
export class FakeCollection {
  readonly watches = new Set<ServerResponse>();
  /** Events whose version is in here are left out of every watch, as if they had been lost. */
  readonly dropped = new Set<string>();
  private readonly objects = new Map<string, FakeObject>();
  private readonly log: LoggedEvent[] = [];
  private version = FIRST_VERSION;
  private uids = 0;

  /** Creates or changes a pod. Returns the version. */
  put(name: string, note: string, deliver = true): string {
    const known = this.objects.get(name);
    const object: FakeObject = {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: {
        name,
        namespace: 'a',
        uid: known?.metadata.uid ?? `uid-${++this.uids}`,
        resourceVersion: String(++this.version),
        managedFields: [{ manager: 'someone' }],
      },
      note,
    };
    this.objects.set(name, object);
    return this.record(known ? 'MODIFIED' : 'ADDED', object, deliver);
  }

  remove(name: string, deliver = true): string {
    const object = this.objects.get(name);
    if (!object) throw new Error(`no ${name}`);
    this.objects.delete(name);
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.version) } };
    return this.record('DELETED', last, deliver);
  }

  /** Sends a bookmark of the present version to all watches. */
  bookmark(): void {
    ++this.version;
    const object = { kind: 'Pod', apiVersion: 'v1', metadata: { resourceVersion: String(this.version) } };
    for (const watch of this.watches) watch.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
  }

  /** What a reflector's store should hold. */
  get content(): Record<string, string> {
    return Object.fromEntries(
      [...this.objects.values()].map((object) => [`a/${object.metadata.name}`, object.note]).sort(),
    );
  }

  get currentVersion(): string {
    return String(this.version);
  }

  answer(request: SeenRequest, response: ServerResponse): void {
    if (request.url.searchParams.get('watch') === 'true') this.serveWatch(request, response);
    else this.serveList(request, response);
  }

  serveList(request: SeenRequest, response: ServerResponse): void {
    const all = [...this.objects.values()];
    const start = Number(request.url.searchParams.get('continue') ?? 0);
    const limit = Number(request.url.searchParams.get('limit') ?? all.length);
    const end = start + limit;
    const items = all.slice(start, end).map(({ kind: _kind, apiVersion: _apiVersion, ...rest }) => rest);
    const more = end < all.length ? { continue: String(end) } : {};
    sendJson(response, { kind: 'PodList', metadata: { resourceVersion: String(this.version), ...more }, items });
  }

  /** Opens a watch: what happened after the asked version, then whatever comes. */
  serveWatch(request: SeenRequest, response: ServerResponse): void {
    const from = BigInt(request.url.searchParams.get('resourceVersion') ?? '0');
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    this.watches.add(response);
    response.on('close', () => this.watches.delete(response));
    for (const event of this.log) {
      if (event.version > from && !this.dropped.has(String(event.version))) response.write(event.line);
    }
  }

  /** The bytes of every event after a version. */
  linesAfter(version: string): Buffer {
    return Buffer.from(
      this.log
        .filter((event) => event.version > BigInt(version))
        .map((event) => event.line)
        .join(''),
    );
  }

  private record(type: string, object: FakeObject, deliver: boolean): string {
    const version = object.metadata.resourceVersion ?? '';
    const line = `${JSON.stringify({ type, object })}\n`;
    this.log.push({ version: BigInt(version), line });
    if (!deliver) this.dropped.add(version);
    else for (const watch of this.watches) watch.write(line);
    return version;
  }
}
