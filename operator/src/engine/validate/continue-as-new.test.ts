import { describe, expect, it } from 'vitest';
import type { WorkflowSpec } from '../../api/index.ts';
import { validateWorkflow } from './index.ts';

const problems = (continueAsNew: WorkflowSpec['continueAsNew'], more: Partial<WorkflowSpec> = {}): string[] => {
  const spec: WorkflowSpec = {
    defaults: { image: 'i' },
    parameters: [{ name: 'offset', type: 'Integer', default: 0 }],
    tasks: [{ name: 'a', run: 'true', outputs: [{ name: 'v', type: 'Integer' }] }],
    finally: [{ name: 'b', run: 'true' }],
    ...(continueAsNew ? { continueAsNew } : {}),
    ...more,
  };
  return validateWorkflow(spec).map(({ path, message }) => `${path}: ${message.split('\n')[0]}`);
};

describe('continueAsNew', () => {
  it('reads all tasks, those of finally too, the parameters and the end of the run', () => {
    const when =
      "tasks.a.outputs.v < 5 && tasks.b.status == 'Succeeded' && params.offset < 3 && run.result == 'Succeeded'";
    expect(problems({ when, with: { offset: '${{ tasks.a.outputs.v }}' }, afterEvents: 100 })).toEqual([]);
  });

  it('is refused where it reads what is not there, at its place', () => {
    expect(problems({ when: 'tasks.c.outputs.v' })).toEqual([
      expect.stringMatching(/^spec\.continueAsNew\.when: .*"c"/),
    ]);
    expect(problems({ when: 'params.offset' })).toEqual([expect.stringMatching(/^spec\.continueAsNew\.when: /)]);
    const found = problems({ when: 'true', with: { offset: '${{ params.ofset }}' } });
    expect(found).toEqual([expect.stringMatching(/^spec\.continueAsNew\.with\.offset: /)]);
  });

  it('gives only parameters that there are, and only to a run that is asked for', () => {
    expect(problems({ when: 'true', with: { ofset: '1' } })).toEqual([
      'spec.continueAsNew.with.ofset: "ofset" is not a parameter of the workflow; did you mean "offset"? (known: offset)',
    ]);
    expect(problems({ with: { offset: '1' } })).toEqual([
      'spec.continueAsNew.with: with is for the run that `when` asks for; give it when',
    ]);
  });

  it('does not promise that a run continues by itself that is bound to its workspace or its artifacts', () => {
    const workspaces = [{ name: 'work', size: '1Gi' }] as unknown as NonNullable<WorkflowSpec['workspaces']>;
    const refused = expect.stringMatching(/^spec\.continueAsNew\.afterEvents: .*workspace work/);
    expect(problems({ afterEvents: 100 }, { workspaces })).toContainEqual(refused);
    expect(problems({ when: 'true' }, { workspaces })).not.toContainEqual(refused);
  });
});
