import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identityOf, isAlive, parseStat } from './identity.ts';
import { tryLock, withLock } from './lock.ts';
import {
  assertAlive,
  daemonAlive,
  daemonEnvironment,
  daemonNames,
  killDaemons,
  recordDaemon,
  runningDaemons,
  startDaemon,
} from './processes.ts';
import { until } from './wait.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ado-processes-'));
});
afterEach(async () => {
  await killDaemons(folder, daemonNames(folder));
  rmSync(folder, { recursive: true });
});

describe('the identity of a process', () => {
  it('is read from a line of the kernel for any name of the program', () => {
    const line = `12 (a ) b) S ${Array.from({ length: 18 }, (_, index) => index).join(' ')} 4711 0 0`;
    expect(parseStat(line)).toEqual({ state: 'S', startTicks: '4711' });
  });

  it('differs from another process with the same pid', () => {
    const own = identityOf(process.pid)!;
    expect(isAlive(own)).toBe(true);
    expect(isAlive({ ...own, startTicks: '1' })).toBe(false);
    expect(isAlive({ ...own, bootId: 'another boot' })).toBe(false);
  });
});

describe('a daemon', () => {
  it('inherits no settings of the caller, and uses no proxy within its cluster', () => {
    const seen = daemonEnvironment({
      PATH: '/bin',
      ETCD_NAME: 'x',
      KUBECONFIG: '/k',
      HTTPS_PROXY: 'http://p',
      NO_PROXY: 'lan',
    });
    expect(seen).toMatchObject({ PATH: '/bin', HTTPS_PROXY: 'http://p' });
    expect(Object.keys(seen)).not.toContain('ETCD_NAME');
    expect(Object.keys(seen)).not.toContain('KUBECONFIG');
    expect(seen.NO_PROXY?.split(',')).toEqual(expect.arrayContaining(['lan', '10.213.0.0/16', '.svc']));
  });

  it('is started only once, and can be stopped', async () => {
    const first = startDaemon(folder, { name: 'd', program: 'sleep', args: ['60'] });
    const second = startDaemon(folder, { name: 'd', program: 'sleep', args: ['60'] });
    expect(second.pid).toBe(first.pid);
    expect([...runningDaemons(folder)]).toEqual([['d', first.pid]]);
    await killDaemons(folder, ['d']);
    expect(runningDaemons(folder).size).toBe(0);
    expect(isAlive(first)).toBe(false);
    expect(daemonNames(folder)).toEqual([]);
  });

  it('that exits is reported with the end of its log', async () => {
    startDaemon(folder, { name: 'd', program: 'sh', args: ['-c', 'echo out of luck >&2; exit 1'] });
    await until(
      () => (daemonAlive(folder, 'd') ? undefined : true),
      5000,
      () => new Error('it still runs'),
    );
    expect(() => assertAlive(folder, 'd')).toThrow('out of luck');
  });

  it('is not killed if its pid belongs to another process', async () => {
    recordDaemon(folder, 'd', { ...identityOf(process.pid)!, startTicks: '1' });
    await killDaemons(folder, ['d']);
    expect(daemonNames(folder)).toEqual([]);
  });
});

describe('a lock', () => {
  it('has one holder, and is taken over from a dead one', async () => {
    const path = join(folder, 'lock');
    writeFileSync(path, JSON.stringify({ ...identityOf(process.pid)!, startTicks: '1' }));
    const order: string[] = [];
    await Promise.all(
      ['a', 'b'].map((name) =>
        withLock(path, async () => {
          order.push(`${name} in`);
          await new Promise((resolve) => setTimeout(resolve, 20));
          order.push(`${name} out`);
        }),
      ),
    );
    expect(order[0]?.[0]).toBe(order[1]?.[0]);
    expect(order).toHaveLength(4);
  });

  it('is not taken over from a living holder', () => {
    const path = join(folder, 'lock');
    expect(tryLock(path)).toBe(true);
    expect(tryLock(path)).toBe(false);
  });
});
