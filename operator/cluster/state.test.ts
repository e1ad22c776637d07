import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { kubeconfig } from './kubeconfig.ts';
import { assets } from './open-control-plane.ts';
import { type ClusterRecord, checkName, readRecord, writeRecord } from './state.ts';
import { statusTable } from './status.ts';

const record: ClusterRecord = {
  version: 1,
  name: 'ado',
  kind: 'embedded',
  shape: { controllers: true, node: true, simulatedNodes: 0 },
  address: '10.213.7.2',
  ports: { api: 6443, etcd: 1, etcdPeer: 2, controllerManager: 3, scheduler: 4, kwok: 5 },
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ado-state-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('accepts names that are valid in folders, cgroups and host names', () => {
  for (const name of ['a', 'ado', 'ado-test', 'a1', 'a'.repeat(32)]) expect(() => checkName(name)).not.toThrow();
  for (const name of ['', 'Ado', '1a', '-a', 'a-', '../x', 'a b', 'a'.repeat(33)]) {
    expect(() => checkName(name)).toThrow('not valid');
  }
});

it('reads the record of a cluster, but not a damaged one or one of another version', () => {
  writeRecord(folder, record);
  expect(readRecord(folder)).toEqual(record);
  writeFileSync(join(folder, 'cluster.json'), '{"version": 1');
  expect(readRecord(folder)).toBeUndefined();
  writeFileSync(join(folder, 'cluster.json'), '{"version": 2}');
  expect(readRecord(folder)).toBeUndefined();
});

it('shows components in aligned columns', () => {
  const rows = [
    { component: 'etcd', state: 'running' as const, pid: '12', uptime: '3.0s' },
    { component: 'kube-apiserver', state: 'ended' as const, pid: '-', uptime: '-' },
  ];
  const table = statusTable({ record, server: 'https://10.213.7.2:6443', rows, whole: false });
  const plain = stripVTControlCharacters(table).split('\n');
  expect(plain).toContain('COMPONENT       STATE    PID  UPTIME');
  expect(plain).toContain('etcd            running  12   3.0s');
  expect(plain).toContain('kube-apiserver  ended    -    -');
});

it('uses the programs of KUBEBUILDER_ASSETS, and reports missing ones', () => {
  expect(assets(undefined)).toBeUndefined();
  for (const program of ['etcd', 'kube-apiserver']) writeFileSync(join(folder, program), '');
  expect(() => assets(folder)).toThrow('lacks kubectl');
  writeFileSync(join(folder, 'kubectl'), '');
  expect(assets(folder)?.etcd).toBe(join(folder, 'etcd'));
});

it('writes a self-contained kubeconfig', () => {
  const input = {
    name: 'ado',
    server: 'https://h:1',
    user: 'u',
    ca: Buffer.from('ca'),
    certificate: Buffer.from('c'),
    key: Buffer.from('k'),
  };
  const text = kubeconfig(input);
  expect(text).toContain('current-context: ado');
  expect(text).toContain(`certificate-authority-data: ${Buffer.from('ca').toString('base64')}`);
});
