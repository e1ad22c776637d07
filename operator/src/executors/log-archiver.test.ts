import { describe, expect, it, vi } from 'vitest';
import type { Pod } from '../pods/index.ts';
import type { KubeClient } from '../runtime/index.ts';
import { type Archived, LogArchiver } from './log-archiver.ts';

const RUN = { name: 'r', namespace: 'shop', uid: 'u', workflow: 'w' };
const MIB = 1024 * 1024;

function pod(path = 'build', state: object = { terminated: { exitCode: 0 } }): Pod {
  return {
    metadata: {
      name: 'p',
      namespace: 'shop',
      annotations: { 'flow.ado.dev/task': path },
      labels: { 'flow.ado.dev/attempt': '2' },
    },
    spec: { containers: [], nodeName: 'node-1' },
    status: { containerStatuses: [{ name: 'main', state }] },
  };
}

function given(log: string | ((lines: number) => string), keep: () => Promise<void> = async () => undefined) {
  let now = 0;
  const results: Archived[] = [];
  const kept: unknown[] = [];
  const getText = vi.fn(
    async (_type: unknown, _ref: unknown, { query }: { query: { tailLines: number; limitBytes: number } }) => {
      const text = typeof log === 'string' ? log : log(query.tailLines);
      return text.slice(0, query.limitBytes);
    },
  );
  const archiver = new LogArchiver({
    client: { getText } as unknown as KubeClient,
    clock: { monotonic: () => now } as never,
    keep: async (run, attempt, text) => {
      await keep();
      kept.push(run.uid, attempt, text);
    },
    count: (result) => results.push(result),
  });
  return { archiver, results, kept, getText, pass: (ms: number) => (now += ms) };
}

describe('the log of a finished pod', () => {
  it('is kept as that of its attempt', async () => {
    const { archiver, results, kept } = given('hello\n');
    await archiver.archive(RUN, pod('ship/build[2]'));
    expect(kept).toEqual(['u', { path: 'ship/build[2]', attempt: 2 }, 'hello\n']);
    expect(results).toEqual(['Stored']);
  });

  it('is kept by its end when it is too long', async () => {
    const line = `${'x'.repeat(16 * 1024)}\n`;
    const { archiver, kept, getText } = given((lines) => line.repeat(Math.min(lines, 600) - 1).concat('the end\n'));
    await archiver.archive(RUN, pod());
    expect(String(kept[2])).toMatch(/the end\n$/);
    expect(String(kept[2]).length).toBeLessThan(MIB);
    expect(getText).toHaveBeenCalledTimes(3);
  });

  it('is not asked for when there is none', async () => {
    const { archiver, results, getText } = given('');
    await archiver.archive(RUN, pod('build', { waiting: {} }));
    await archiver.archive(RUN, { ...pod(), spec: { containers: [] } });
    expect(getText).not.toHaveBeenCalled();
    await archiver.archive(RUN, pod());
    expect(results).toEqual(['Empty']);
  });

  it('holds nothing up when it cannot be kept, and is not tried again at once', async () => {
    const { archiver, results, getText, pass } = given('x', async () => {
      throw new Error('the store is away');
    });
    await archiver.archive(RUN, pod());
    await archiver.archive(RUN, pod());
    expect(results).toEqual(['Failed', 'Skipped']);
    expect(getText).toHaveBeenCalledTimes(1);
    pass(30_000);
    await archiver.archive(RUN, pod());
    expect(results.at(-1)).toBe('Failed');
  });

  it('is one of few that are read at once', async () => {
    let running = 0;
    let most = 0;
    const { archiver, results } = given('x', async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    });
    await Promise.all(Array.from({ length: 50 }, () => archiver.archive(RUN, pod())));
    expect(results).toEqual(Array.from({ length: 50 }, () => 'Stored'));
    expect(most).toBe(8);
  });
});
