import type { KubeObject } from '../objects/index.ts';
import { ApiError, ConnectionError, type KubeStatus } from './errors.ts';

export type WatchEvent = { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: KubeObject };

const TYPES = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']);

/**
 * Parses one line of a watch.
 * @throws ApiError when the line is an ERROR event; ConnectionError (`Malformed`) when it is no event at all.
 */
export function parseWatchEvent(line: string): WatchEvent {
  const event = parse(line);
  if (event.type === 'ERROR') {
    const status = (event.object ?? {}) as KubeStatus;
    throw new ApiError(status.code ?? 500, status);
  }
  if (!TYPES.has(event.type ?? '') || !event.object?.metadata?.resourceVersion) {
    throw malformed(line);
  }
  return event as WatchEvent;
}

function parse(line: string): { type?: string; object?: Partial<KubeObject> } {
  try {
    return (JSON.parse(line) ?? {}) as { type?: string; object?: Partial<KubeObject> };
  } catch (error) {
    throw malformed(line, error);
  }
}

function malformed(line: string, cause?: unknown): ConnectionError {
  return new ConnectionError('Malformed', `not a watch event: ${line.slice(0, 200)}`, true, cause);
}
