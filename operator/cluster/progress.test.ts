import { describe, expect, it } from 'vitest';
import { duration, runStep, stepLine } from './progress.ts';

it('writes durations in short form', () => {
  expect([0, 3249, 42_000, 65_400, 600_000].map(duration)).toEqual(['0.0s', '3.2s', '42s', '1m05s', '10m00s']);
});

it('shows the step, its elapsed and its expected time', () => {
  expect(stepLine({ title: 'building x', expectedMs: 170_000 }, 62_000, '812 packages')).toBe(
    'building x  1m02s of about 2m50s  (812 packages)',
  );
});

describe('a step', () => {
  it('is announced if it takes long, and reported when it is done', async () => {
    const lines: string[] = [];
    const result = await runStep(
      (line) => lines.push(line),
      { title: 'long', expectedMs: 60_000 },
      async () => 7,
    );
    expect(result).toBe(7);
    expect(lines[0]).toBe('long  0.0s of about 1m00s');
    expect(lines[1]).toMatch(/^long {2}done in /);
  });

  it('is one changing line on a terminal', async () => {
    const [plain, live]: [string[], string[]] = [[], []];
    const sink = Object.assign((line: string) => void plain.push(line), {
      live: (line: string) => void live.push(line),
    });
    await runStep(sink, { title: 'short', expectedMs: 100 }, async () => undefined);
    expect(live).toEqual(['short  0.0s']);
    expect(plain).toHaveLength(1);
  });

  it('that fails is not reported as done', async () => {
    const lines: string[] = [];
    const failing = runStep(
      (line) => lines.push(line),
      { title: 'x', expectedMs: 1 },
      () => Promise.reject(new Error('no')),
    );
    await expect(failing).rejects.toThrow('no');
    expect(lines).toEqual([]);
  });
});
