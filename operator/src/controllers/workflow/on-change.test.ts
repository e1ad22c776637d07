import { describe, expect, it } from 'vitest';
import type { Workflow, WorkflowSpec } from '../../api/index.ts';
import { changeOf } from './on-change.ts';

const spec = (script: string, onCreate: 'Run' | 'Ignore' = 'Run'): WorkflowSpec => ({
  triggers: { onChange: { of: ['Tasks'], onCreate } },
  parameters: [{ name: 'p', default: '1' }],
  tasks: [{ name: 'a', image: 'busybox', run: script }],
});

const workflow = (of: WorkflowSpec, lastApplied?: NonNullable<Workflow['status']>['lastApplied']): Workflow => ({
  apiVersion: '',
  kind: '',
  metadata: { name: 'w', namespace: 'n', uid: 'u' },
  spec: of,
  ...(lastApplied ? { status: { lastApplied } } : {}),
});

describe('onChange', () => {
  it('runs the first version, and the same version never again', () => {
    const first = changeOf(workflow(spec('A')));
    expect(first?.run?.metadata.name).toMatch(/^w-[0-9a-f]{8}$/);
    expect(changeOf(workflow(spec('A'), first?.mark))).toBeUndefined();
  });

  it('makes the same run from the same mark, so that a crash before the mark is stored makes no second one', () => {
    expect(changeOf(workflow(spec('A')))?.run).toEqual(changeOf(workflow(spec('A')))?.run);
  });

  it('runs A, B and A again under three names', () => {
    const a = changeOf(workflow(spec('A')));
    const b = changeOf(workflow(spec('B'), a?.mark));
    const again = changeOf(workflow(spec('A'), b?.mark));
    expect(new Set([a, b, again].map((change) => change?.run?.metadata.name)).size).toBe(3);
    expect([a, b, again].map((change) => change?.run?.spec.number)).toEqual([1, 2, 3]);
  });

  it('with onCreate Ignore sets its mark without a run, and runs the next version', () => {
    const first = changeOf(workflow(spec('A', 'Ignore')));
    expect(first?.run).toBeUndefined();
    expect(changeOf(workflow(spec('B', 'Ignore'), first?.mark))?.run).toBeDefined();
  });

  it('looks only at what it is told to watch', () => {
    const first = changeOf(workflow(spec('A')));
    const parameters = [{ name: 'p', default: '2' }];
    expect(changeOf(workflow({ ...spec('A'), parameters }, first?.mark))).toBeUndefined();
    const retention = { succeeded: { count: 1 } };
    expect(changeOf(workflow({ ...spec('A'), retention }, first?.mark))).toBeUndefined();
    expect(changeOf(workflow({ ...spec('A'), timeout: '1h' }, first?.mark))?.run).toBeDefined();
  });

  it('does nothing for a workflow without it', () => {
    const { triggers: _none, ...rest } = spec('A');
    expect(changeOf(workflow(rest))).toBeUndefined();
  });
});
