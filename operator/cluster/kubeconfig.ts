/** Self-contained kubeconfigs: a single file for kubectl, a client or a program of the cluster. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { writeWhole } from './state.ts';

export interface KubeconfigInput {
  name: string;
  server: string;
  user: string;
  ca: Buffer;
  certificate: Buffer;
  key: Buffer;
}

/** The text of a kubeconfig with one context. Pure. */
export function kubeconfig(input: KubeconfigInput): string {
  const { name, server, user } = input;
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server, 'certificate-authority-data': input.ca.toString('base64') } }],
    users: [
      {
        name: user,
        user: {
          'client-certificate-data': input.certificate.toString('base64'),
          'client-key-data': input.key.toString('base64'),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user } }],
  });
}

/** Writes the kubeconfig of the user whose certificate is `pki/<file>.crt`. */
export function writeKubeconfig(folder: string, path: string, name: string, server: string, file: string): void {
  const pki = (entry: string) => readFileSync(join(folder, 'pki', entry));
  const user = `${name}-${file}`;
  const files = { ca: pki('ca.crt'), certificate: pki(`${file}.crt`), key: pki(`${file}.key`) };
  writeWhole(path, kubeconfig({ name, server, user, ...files }));
}
