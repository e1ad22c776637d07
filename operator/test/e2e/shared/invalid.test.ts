import { describe, expect } from 'vitest';
import type { WorkflowSpec } from '../../../src/api/index.ts';
import { it, useSharedOperator } from '../../support/e2e.ts';
import { script, workflow } from '../../support/manifests.ts';
import { conditionOf } from '../../support/scenario.ts';

useSharedOperator();

const INVALID: readonly { readonly what: string; readonly tasks: WorkflowSpec['tasks']; readonly says: RegExp[] }[] = [
  {
    what: 'a cycle',
    tasks: [script('a', 'true', { needs: ['b'] }), script('b', 'true', { needs: ['a'] })],
    says: [/spec\.tasks/, /a.*b.*a|b.*a.*b/, /cycle|circle/],
  },
  {
    what: 'an unknown need',
    tasks: [script('build', 'true'), script('test', 'true', { needs: ['biuld'] })],
    says: [/spec\.tasks\[1\]\.needs\[0\]/, /biuld/, /build/],
  },
  {
    what: 'an expression that does not parse, with a caret under the place',
    tasks: [script('test', 'true', { when: "params.version = 'x'" })],
    says: [/spec\.tasks\[0\]\.when/, /\^/, /params\.version = 'x'/],
  },
  {
    what: 'a reference to a task that is no ancestor',
    tasks: [
      script('build', 'echo a=b > $ADO_OUTPUTS', { outputs: [{ name: 'a' }] }),
      script('test', 'true', { env: { A: '${{ tasks.build.outputs.a }}' } }),
    ],
    says: [/spec\.tasks\[1\]\.env\.A/, /needs/],
  },
  {
    what: 'an expression inside a script',
    tasks: [script('test', 'echo ${{ run.name }}')],
    says: [/spec\.tasks\[0\]\.run/, /\$\{\{/, /env/],
  },
];

describe('a definition that cannot run', () => {
  it.concurrent.for(INVALID)(
    'is refused with the field and the remedy: $what',
    async ({ tasks, says }, { scenario }) => {
      const triggers = { onChange: { of: ['Tasks' as const] } };
      await scenario.given(workflow('invalid', { triggers, tasks }));
      const refused = await scenario.workflowIs('invalid', 'False');
      for (const type of ['Ready', 'Stalled']) {
        const { status, reason, message } = conditionOf(refused, type);
        expect([status, reason]).toEqual([type === 'Ready' ? 'False' : 'True', 'InvalidSpec']);
        for (const pattern of says) expect(message).toMatch(pattern);
      }
      expect(await scenario.runs()).toEqual([]);
      await scenario.given(workflow('invalid', { triggers, tasks: [script('test', 'true')] }));
      const ready = await scenario.workflowIs('invalid', 'True');
      expect(ready.status?.conditions?.map(({ type }) => type)).toEqual(['Ready']);
      const run = await scenario.until('the mended version runs', async () => (await scenario.runs())[0]);
      expect(conditionOf(await scenario.ended(run.metadata.name), 'Succeeded').status).toBe('True');
    },
  );
});
