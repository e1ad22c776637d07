import { describe, expect, it } from 'vitest';
import type { Approval, Task, WaitForSignal } from '../../api/index.ts';
import { validateWorkflow } from './index.ts';

function problems(task: Partial<Task>, more: Task[] = []): string[] {
  const tasks = [{ name: 'ask', ...task } as Task, ...more];
  return validateWorkflow({ tasks }).map(({ path, message }) => `${path}: ${message}`);
}

const approval = (rest: Partial<Approval>) => problems({ approval: { message: 'Ship?', ...rest } });
const wait = (rest: WaitForSignal) => problems({ waitForSignal: rest });

describe('an approval', () => {
  it('needs nothing but a message', () => {
    expect(approval({})).toEqual([]);
  });

  it('names somebody, and enough of them', () => {
    expect(approval({ approvers: {} })).toEqual([
      'spec.tasks[0].approval.approvers: it names nobody, so nobody can answer; name users or groups, or remove it',
    ]);
    expect(approval({ approvers: { users: ['jane'] }, approvals: 2 })).toEqual([
      'spec.tasks[0].approval.approvals: 2 approvals are needed, but only 1 users are named; name more',
    ]);
    expect(approval({ approvers: { users: ['jane'], groups: ['release'] }, approvals: 2 })).toEqual([]);
  });

  it('says with its expiry what happens then, and the other way round', () => {
    expect(approval({ onExpiry: 'Approve' })).toEqual([
      'spec.tasks[0].approval.onExpiry: it never expires; set expiresAfter too',
    ]);
    expect(approval({ expiresAfter: '1h', onExpiry: 'Escalate' })).toEqual([
      'spec.tasks[0].approval.escalation: escalation and onExpiry: Escalate go together; set both or neither',
    ]);
    const escalation = { approvers: { groups: ['board'] }, onExpiry: 'Approve' as const };
    expect(approval({ expiresAfter: '1h', onExpiry: 'Escalate', escalation })).toEqual([
      'spec.tasks[0].approval.escalation.onExpiry: it never expires; set expiresAfter too',
    ]);
  });

  it('has a form that time can fill in where time approves, and whose names are free', () => {
    const form = [{ name: 'region' }];
    expect(approval({ form, expiresAfter: '1h', onExpiry: 'Approve' })).toEqual([
      'spec.tasks[0].approval.form[0].default: on automatic approval nobody sets "region"; give it a default',
    ]);
    expect(approval({ form: [{ name: 'comment' }] })).toEqual([
      'spec.tasks[0].approval.form[0].name: "comment" is a built-in output of the task; rename it',
    ]);
    expect(approval({ form: [{ name: 'n', type: 'Integer', default: 'many' }] })).toEqual([
      'spec.tasks[0].approval.form[0].default: the default of "n": "many" is not an Integer; change the default, or the type of the parameter',
    ]);
  });

  it('is asked once, without a pod, and shows what its message may read', () => {
    const [retry, image] = problems({ approval: { message: 'Ship?' }, retry: { limit: 1 }, image: 'busybox' });
    expect(retry).toBe('spec.tasks[0].retry: a task that is an approval is asked once; remove it');
    expect(image).toContain('spec.tasks[0].image');
    expect(approval({ message: 'Ship ${{ params.version }}?' })[0]).toContain('spec.tasks[0].approval.message');
  });

  it('hands on its form, its decision, who approved and the last remark', () => {
    const read = (output: string): Task => ({
      name: 'read',
      needs: ['ask'],
      compute: { x: `tasks.ask.outputs.${output}` },
    });
    const form = [{ name: 'replicas', type: 'Integer' as const }];
    const ask = { approval: { message: 'Ship?', form } };
    for (const known of ['replicas', 'decision', 'approvers', 'comment'])
      expect(problems(ask, [read(known)])).toEqual([]);
    expect(problems(ask, [read('nobody')])[0]).toContain('nobody');
  });
});

describe('a wait for a signal', () => {
  it('needs nothing at all', () => {
    expect(wait({})).toEqual([]);
  });

  it('names somebody, says when it expires, and leaves the name of its own output', () => {
    expect(wait({ from: {} })[0]).toContain('spec.tasks[0].waitForSignal.from: it names nobody');
    expect(wait({ onExpiry: 'Continue' })[0]).toContain('waitForSignal.onExpiry: it never expires');
    expect(wait({ values: [{ name: 'sender' }] })[0]).toContain(
      'waitForSignal.values[0].name: "sender" is a built-in output',
    );
  });
});
