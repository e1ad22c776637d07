import { describe, expect, it } from 'vitest';
import type { Task, WorkflowSpec } from '../../api/index.ts';
import { warnWorkflow } from './warnings.ts';

const shard = (to: number, more: Partial<Task> = {}): Task => ({
  ...{ name: 'shard', run: 'true', outputs: [{ name: 'v' }], forEach: { sequence: { to } } },
  ...more,
});
const join: Task = { name: 'join', needs: ['shard'], run: 'true', env: { ALL: '${{ tasks.shard.outputs }}' } };
const warned = (spec: Omit<WorkflowSpec, 'triggers'>) =>
  warnWorkflow({ metadata: {}, spec }).filter(({ path }) => path.endsWith('.outputs'));

const SENTENCE =
  'task join reads the outputs of 2000 items, at most 1048576 bytes together: 524 bytes per item on average; output less, or references';

describe('a fan-out of many items', () => {
  it('gets a warning at its outputs when a task reads all of them', () => {
    expect(warned({ tasks: [join, shard(1999)] })).toEqual([{ path: 'spec.tasks[1].outputs', message: SENTENCE }]);
  });

  it('gets it in a template, and for a task of finally', () => {
    const templates = [{ name: 't', tasks: [shard(1999), join] }];
    const path = 'spec.templates[0].tasks[0].outputs';
    expect(warned({ tasks: [{ name: 'a', run: 'true' }], templates })).toEqual([{ path, message: SENTENCE }]);
    expect(warned({ tasks: [shard(1999)], finally: [{ ...join, needs: [] }] })).toHaveLength(1);
  });

  it.each([
    ['nothing reads its outputs', [shard(1999), { name: 'join', needs: ['shard'], run: 'true' }]],
    ['it declares none', [{ name: 'shard', run: 'true', forEach: { sequence: { to: 1999 } } }, join]],
    ['each item has room enough', [shard(1000), join]],
    ['only the run knows how many there are', [shard(0, { forEach: { itemsFrom: '[1]' } }), join]],
  ] as [string, Task[]][])('gets none when %s', (_why, tasks) => {
    expect(warned({ tasks })).toEqual([]);
  });
});
