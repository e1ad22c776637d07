import { describe, expect, it } from 'vitest';
import type { AttemptObservation, Definition, HistoryEvent, Task, TaskRow, WorkflowRun } from '../../../api/index.ts';
import { accept, attemptKey, evolve, type Plan, plan, resolveLibrary } from '../../../engine/index.ts';
import { buildStatus } from './status.ts';

const START = 1_700_000_000_000;
const RUN: WorkflowRun = {
  apiVersion: 'flow.ado.dev/v1alpha1',
  kind: 'WorkflowRun',
  metadata: { name: 'r', namespace: 'ns', uid: 'uid' },
  spec: { workflowRef: { name: 'w' }, desiredState: 'Running' },
};
const task = (name: string, rest: Partial<Task> = {}): Task => ({ name, run: 'true', ...rest });

function planned(tasks: Task[], rest: Partial<Definition> = {}): Plan {
  const resolved = resolveLibrary({ defaults: { image: 'busybox' }, tasks, ...rest }, () => ({ problem: 'none' }));
  if ('problems' in resolved) throw new Error(JSON.stringify(resolved.problems));
  return plan(resolved.definition, 'd');
}

/** A run whose status is written after each of some writes, as the operator does. */
class Written {
  readonly #plan: Plan;
  readonly #state = accept('d', {}, START).state;
  readonly seen = new Map<string, AttemptObservation>();
  run = RUN;

  constructor(of: Plan) {
    this.#plan = of;
  }

  write(...events: HistoryEvent[]): this {
    for (const event of events) evolve(this.#state, event);
    const journal = { firstSeq: 1, pages: 0, tail: '[]' };
    const observed = { attempts: this.seen, events };
    this.run = { ...RUN, status: buildStatus(this.run, 'v', this.#plan, this.#state, journal, observed, START) };
    return this;
  }

  get rows(): readonly TaskRow[] {
    return this.run.status?.tasks ?? [];
  }

  row(path: string): TaskRow | undefined {
    return this.rows.find((row) => row.path === path);
  }

  get paths(): string[] {
    return this.rows.map(({ path }) => path);
  }
}

const started = (path: string, t: number, attempt = 0): HistoryEvent => ({ type: 'Started', t, path, attempt });
const succeeded = (path: string, t: number, outputs = {}): HistoryEvent => ({ type: 'Succeeded', t, path, outputs });
const failure = { reason: 'ExitCode', message: 'exit code 3:\nstarting\nthe disk is full\n', exitCode: 3 };
const retrying = (path: string, t: number): HistoryEvent => {
  return { type: 'Retrying', t, path, cause: 'User', wake: t + 1000, failure };
};

describe('the row of a task that has ended', () => {
  const one = planned([task('build'), task('after', { needs: ['build'] })]);

  it('says how long it took', () => {
    const written = new Written(one).write(started('build', 1000)).write(succeeded('build', 3_724_000));
    expect(written.row('build')).toMatchObject({ phase: 'Succeeded', duration: '1h2m3s' });
    expect(written.row('after')?.duration).toBeUndefined();
  });

  it('keeps on showing what it handed on, when nothing reads that any more', () => {
    const written = new Written(one).write(started('build', 1)).write(succeeded('build', 2, { digest: 'abc', n: 3 }));
    expect(written.row('build')?.outputs).toBe('digest=abc, n=3');
    expect(written.write(started('after', 3)).row('build')?.outputs).toBe('digest=abc, n=3');
  });

  it('shows outputs that the state holds by their place as any others, and keeps on doing so', () => {
    const outputs = { digest: 'abc', n: 3 };
    const written = new Written(one).write(started('build', 1));
    written.write({ type: 'Succeeded', t: 2, path: 'build', outputs, page: 1 });
    expect(written.row('build')?.outputs).toBe('digest=abc, n=3');
    expect(written.write(started('after', 3)).row('build')?.outputs).toBe('digest=abc, n=3');
  });

  it('shows little of much, on one line', () => {
    const outputs = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`o${n}`, 'a\nb'.repeat(400)]));
    const shown = new Written(one).write(started('build', 1), succeeded('build', 2, outputs)).row('build')?.outputs;
    expect(shown?.length).toBeLessThanOrEqual(256);
    expect(shown).not.toContain('\n');
    expect(shown).toMatch(/^o0=a ba b.*…, o1=/);
  });

  it('shows nothing that looks like a secret, and nothing of a task that reads Secrets', () => {
    const token = `ghp_${'a1B2'.repeat(9)}`;
    const looks = new Written(one).write(started('build', 1), succeeded('build', 2, { note: `use ${token}` }));
    expect(JSON.stringify(looks.rows)).not.toContain('a1B2');
    const reads = new Written(one).write(started('build', 1));
    reads.seen.set(attemptKey('build', 0), { phase: 'Succeeded', message: '', withheld: true });
    expect(reads.write(succeeded('build', 2, { word: 'hunter2' })).row('build')?.outputs).toBeUndefined();
    const headersFrom = { Authorization: { secretKeyRef: { name: 's', key: 'k' } } };
    const http: Task = { name: 'login', http: { url: 'https://h', headersFrom } };
    const asked = new Written(planned([http])).write(started('login', 1), succeeded('login', 2, { word: 'hunter2' }));
    expect(asked.row('login')?.outputs).toBeUndefined();
  });

  it('shows nothing that a template, a loop or a computation hands on where any task reads a Secret', () => {
    const envValueFrom = { TOKEN: { secretKeyRef: { name: 's', key: 'k' } } };
    for (const [tasks, isShown] of [
      [[task('login')], true],
      [[task('login', { envValueFrom })], false],
    ] as const) {
      const copies = { name: 'copies', compute: { word: "'x'" }, needs: ['login'] };
      const written = new Written(planned([...tasks, copies]));
      expect(written.write(succeeded('copies', 2, { word: 'hunter2' })).row('copies')?.outputs !== undefined).toBe(
        isShown,
      );
    }
  });

  it('still says why an attempt before it failed, on one line', () => {
    const written = new Written(planned([task('a', { retry: { limit: 3 } })])).write(started('a', 1));
    written.write(retrying('a', 2));
    const lastFailure = 'attempt 0: ExitCode: the disk is full';
    expect(written.row('a')).toMatchObject({ phase: 'Backoff', lastFailure });
    expect(written.write(started('a', 3, 1)).row('a')).toMatchObject({ phase: 'Pending', lastFailure });
    expect(written.write(succeeded('a', 4)).row('a')).toMatchObject({ phase: 'Succeeded', lastFailure });
  });
});

describe('what has ended inside of something', () => {
  const ship: Task = { name: 'ship', template: { name: 'deploy' } };
  const templates = [{ name: 'deploy', tasks: [task('migrate'), task('rollout', { needs: ['migrate'] })] }];
  const of = planned([ship, task('after', { needs: ['ship'] })], { templates });
  const opened: HistoryEvent = { type: 'Opened', t: 1, path: 'ship' };

  it('keeps its rows behind that of its template, with pods and times', () => {
    const written = new Written(of).write(opened, started('ship/migrate', 1000));
    written.write(succeeded('ship/migrate', 4000, { rows: 3 }), started('ship/rollout', 4000));
    written.write(succeeded('ship/rollout', 5000), succeeded('ship', 5000));
    expect(written.paths).toEqual(['ship', 'ship/migrate', 'ship/rollout', 'after']);
    expect(written.row('ship/migrate')).toMatchObject({ phase: 'Succeeded', duration: '3s', outputs: 'rows=3' });
    expect(written.row('ship/rollout')).toMatchObject({ phase: 'Succeeded', duration: '1s', attempt: 0 });
    expect(written.row('ship/rollout')?.pod).toMatch(/^r-/);
    expect(written.write(started('after', 6000)).paths).toEqual(['ship', 'ship/migrate', 'ship/rollout', 'after']);
  });

  it('says why it failed', () => {
    const written = new Written(of).write(opened, started('ship/migrate', 1000));
    written.write({ type: 'Failed', t: 2000, path: 'ship/migrate', failure }, {
      ...{ type: 'Failed', t: 2000, path: 'ship' },
      failure: { reason: 'TasksFailed', message: 'm' },
    } as HistoryEvent);
    expect(written.row('ship/migrate')).toMatchObject({ phase: 'Failed', ...failure, pod: expect.any(String) });
  });

  it('is shown of every iteration while there is room, and no further', () => {
    const looping = planned([
      task('poll', { loop: { until: 'false' } }),
      ...Array.from({ length: 30 }, (_, n) => task(`t${n}`)),
    ]);
    const written = new Written(looping);
    for (let index = 0; index < 40; index++) {
      const path = `poll/${index}`;
      const t = index * 1000;
      written.write({ type: 'Iterated', t, path: 'poll', index, state: {} }, started(path, t));
      written.write(succeeded(path, t));
    }
    expect(written.rows).toHaveLength(50);
    expect(written.paths.filter((path) => path.startsWith('t'))).toHaveLength(30);
    const newest = Array.from({ length: 19 }, (_, n) => `poll/${n + 21}`);
    expect(written.paths.filter((path) => path.startsWith('poll/'))).toEqual(newest);
  });

  it('is another story when its template begins once more', () => {
    const written = new Written(of).write(opened, started('ship/migrate', 1));
    written.write({ type: 'Failed', t: 2, path: 'ship/migrate', failure }, retrying('ship', 2));
    written.write({ type: 'Opened', t: 3000, path: 'ship' });
    expect(written.row('ship/migrate')?.phase).not.toBe('Failed');
  });

  it('has no rows where the item that it is part of has none', () => {
    const each = planned([{ ...ship, forEach: { sequence: { from: 1, to: 60 } } }], { templates });
    const written = new Written(each).write({ type: 'Expanded', t: 1, path: 'ship', count: 60 });
    written.write({ type: 'Opened', t: 1, path: 'ship[0]' }, started('ship[0]/migrate', 1));
    written.write(succeeded('ship[0]/migrate', 2), succeeded('ship[0]', 2));
    expect(written.paths).toEqual(['ship']);
  });
});

describe('the rows together', () => {
  it('show less of each task rather than fill the status', () => {
    const wide = planned([task('wide', { forEach: { sequence: { from: 1, to: 50 } }, retry: { limit: 3 } })]);
    const written = new Written(wide).write({ type: 'Expanded', t: 1, path: 'wide', count: 50 });
    for (let index = 0; index < 50; index++) {
      const path = `wide[${index}]`;
      const message = 'm'.repeat(512);
      written.write(started(path, 1), { ...retrying(path, 2), failure: { reason: 'R', message } } as HistoryEvent);
      written.write(started(path, 3, 1), { type: 'Failed', t: 4, path, failure: { reason: 'R', message }, keep: true });
    }
    expect(written.rows).toHaveLength(50);
    expect(JSON.stringify(written.rows).length).toBeLessThan(56 * 1024);
    expect(written.row('wide[0]')?.message).toContain('mmm');
  });
});
