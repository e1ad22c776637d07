/** A small client for starting a cluster, over Node's own https; the operator has a complete client. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';

export interface ApiClient {
  /** Sends a request and returns status and body; a server that cannot be reached has status 0. */
  send(method: string, path: string, body?: unknown, contentType?: string): Promise<{ status: number; body: string }>;
  close(): void;
}

export function adminClient(folder: string, server: string): ApiClient {
  const pki = (file: string) => readFileSync(join(folder, 'pki', file));
  const agent = new Agent({
    ca: pki('ca.crt'),
    cert: pki('admin.crt'),
    key: pki('admin.key'),
    keepAlive: true,
    maxSockets: 8,
  });
  return {
    send: (method, path, body, contentType = 'application/json') =>
      new Promise((resolve) => {
        const url = new URL(path, server);
        const sent = request(
          url,
          { method, agent, timeout: 5000, headers: { 'content-type': contentType } },
          (response) => {
            let text = '';
            response.setEncoding('utf8').on('data', (part: string) => {
              text += part;
            });
            response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
            response.on('error', (error) => resolve({ status: 0, body: error.message }));
          },
        );
        sent.on('timeout', () => sent.destroy(new Error('no answer in 5 s')));
        sent.on('error', (error) => resolve({ status: 0, body: error.message }));
        sent.end(body === undefined ? undefined : JSON.stringify(body));
      }),
    close: () => agent.destroy(),
  };
}

/** Creates or replaces an object by server-side apply; throws with the message of the server when it refuses. */
export async function apply(client: ApiClient, path: string, object: unknown): Promise<void> {
  const query = '?fieldManager=ado-cluster&force=true';
  const answer = await client.send('PATCH', `${path}${query}`, object, 'application/apply-patch+yaml');
  if (answer.status >= 200 && answer.status < 300) return;
  throw new Error(`PATCH ${path} failed with status ${answer.status}: ${answer.body.slice(0, 500)}`);
}
