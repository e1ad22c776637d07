import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ensureCertificates } from '../../cluster/certificates.ts';
import { Case } from '../support/case.ts';
import { useSimulatedStage } from '../support/case-stage.ts';
import { DIAMOND_END, diamond } from '../support/diamond.ts';
import type { ServingCertificate } from '../support/fault-proxy.ts';

const stage = useSimulatedStage('ado-faults');
const ACCOUNT = 'operator';
/** Longer than any rotation here: what is tested is the client, not the end of a leader that cannot renew. */
const LONG_LEASE = ['--lease-duration', '60s'];
const NO_FAULT = (name: string) => ({ name, rules: () => [] });

/** A kubeconfig that finds a server and an identity by files, as kubectl reads them. */
function kubeconfigOf(server: string, cluster: object, user: object): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'case',
    clusters: [{ name: 'case', cluster: { server, ...cluster } }],
    users: [{ name: 'case', user }],
    contexts: [{ name: 'case', context: { cluster: 'case', user: 'case' } }],
  });
}

const kubectl = (args: readonly string[], input?: unknown): Promise<string> => stage().kubectl.run(args, input);

/** A service account that may do everything in its namespace. */
async function giveAccount(namespace: string): Promise<void> {
  await kubectl(['create', 'serviceaccount', ACCOUNT, '-n', namespace]);
  const subject = `--serviceaccount=${namespace}:${ACCOUNT}`;
  await kubectl(['create', 'rolebinding', ACCOUNT, '-n', namespace, '--clusterrole=cluster-admin', subject]);
}

/** A token that is good for as long as its Secret is there. */
async function tokenBoundTo(namespace: string, secret: string): Promise<string> {
  await kubectl(['create', 'secret', 'generic', secret, '-n', namespace]);
  const bound = ['--bound-object-kind', 'Secret', '--bound-object-name', secret];
  return (await kubectl(['create', 'token', ACCOUNT, '-n', namespace, ...bound])).trim();
}

/** The run ended as ever, and in the process that was there before. */
async function expectDone(opened: Case, pid: number): Promise<void> {
  await opened.settled();
  const { problems, end, creates } = await opened.outcome(0);
  expect({ end, creates, problems }).toEqual({ ...DIAMOND_END, problems: [] });
  expect(opened.operator.pid).toBe(pid);
}

describe('a token', () => {
  it.concurrent('that is rotated in its file is read again, also when the server refused the old one first', async () => {
    const work = async (opened: Case) => {
      const { namespace, proxy, folder } = opened;
      await opened.makeNamespace();
      await giveAccount(namespace);
      const file = join(folder, 'token');
      writeFileSync(file, await tokenBoundTo(namespace, 'first'));
      const kubeconfig = kubeconfigOf(proxy.address, {}, { tokenFile: file });
      await opened.begin({ kubeconfig, flags: LONG_LEASE });
      await opened.until('the operator leads', () => opened.operator.log.includes('workers started'));
      const { pid } = opened.operator;
      const next = await tokenBoundTo(namespace, 'second');
      await kubectl(['delete', 'secret', 'first', '-n', namespace]);
      await opened.until('the token is refused', () => proxy.log.some(({ answered }) => answered === 401));
      await opened.give(diamond);
      writeFileSync(file, next);
      await expectDone(opened, pid);
    };
    await Case.run(stage(), NO_FAULT('token rotation'), work, { asClient: true });
  });
});

describe('a certificate authority', () => {
  /** A serving certificate of an authority of its own. */
  async function authority(folder: string): Promise<ServingCertificate & { ca: string }> {
    await ensureCertificates(folder, [{ file: 'serving', commonName: 'proxy', names: ['127.0.0.1'] }]);
    const read = (name: string) => readFileSync(join(folder, name), 'utf8');
    return { ca: read('ca.crt'), cert: read('serving.crt'), key: read('serving.key') };
  }

  it.concurrent('that is replaced together with the serving certificate is trusted as soon as its file says so', async () => {
    const folders = ['one', 'two'].map((name) => join(stage().folder, name));
    const [first, second] = await Promise.all(folders.map(authority));
    if (!first || !second) throw new Error('there are no certificates');
    const work = async (opened: Case) => {
      const { proxy, folder } = opened;
      const file = join(folder, 'ca.crt');
      writeFileSync(file, first.ca);
      const kubeconfig = kubeconfigOf(proxy.address, { 'certificate-authority': file }, {});
      await opened.begin({ kubeconfig, flags: LONG_LEASE });
      await opened.until('the operator leads', () => opened.operator.log.includes('workers started'));
      const { pid } = opened.operator;
      proxy.rotate(second);
      await opened.give(diamond);
      const refused = () => /SELF_SIGNED|UNABLE_TO_|CERT_|certificate/.test(opened.operator.log);
      await opened.until('the operator does not trust the server', refused);
      const before = proxy.log.length;
      writeFileSync(file, second.ca);
      await expectDone(opened, pid);
      expect(proxy.log.length).toBeGreaterThan(before);
    };
    await Case.run(stage(), NO_FAULT('certificate rotation'), work, { tls: first });
  });
});
