import { describe, expect, it } from 'vitest';
import { lines, validSpec } from './samples.ts';
import { validateWorkflow } from './workflow.ts';

const judged = (key: string) => lines(validateWorkflow({ ...validSpec(), concurrency: { key } }));

describe('the key of concurrency', () => {
  it('is an expression over params that yields a text', () => {
    expect(judged('params.version')).toEqual([]);
    expect(judged('params.version + "/" + string(params.replicas)')).toEqual([]);
    expect(judged('params.replicas')[0]).toContain('spec.concurrency.key: ');
    expect(judged('${{ params.version }}')[0]).toContain('write it without ${{ }}');
  });

  it('reads no task, for none has run', () => {
    expect(judged('tasks.build.outputs.digest')[0]).toContain('spec.concurrency.key: ');
  });
});
