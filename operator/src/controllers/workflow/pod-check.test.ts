import { describe, expect, it } from 'vitest';
import type { Definition, Task, Workflow } from '../../api/index.ts';
import type { Pod } from '../../pods/index.ts';
import { ApiError } from '../../runtime/index.ts';
import type { WorkflowDeps } from './deps.ts';
import { checkPods } from './pod-check.ts';

const { signal } = new AbortController();

/** What a server says that judges each pod by its words. */
async function told(tasks: readonly Partial<Task>[], judge: (pod: Pod) => string | undefined) {
  const asked: Pod[] = [];
  const create = async (_type: unknown, pod: Pod) => {
    asked.push(pod);
    const message = judge(pod);
    if (message !== undefined) throw new ApiError(403, { reason: 'Forbidden', message });
  };
  const definition = {
    tasks: tasks.map((task, index) => ({ name: `t${index}`, image: 'i', run: 'true', ...task })),
  } as Definition;
  const workflow: Workflow = {
    apiVersion: '',
    kind: '',
    metadata: { name: 'w', namespace: 'n' },
    spec: { tasks: definition.tasks },
  };
  const refusal = await checkPods({ client: { create } } as unknown as WorkflowDeps, workflow, definition, signal);
  return { refusal, asked };
}

const ofUser = (runAsUser: number): Partial<Task> => ({ securityContext: { runAsUser } });
const userOf = ({ spec }: Pod) => (spec.securityContext as { runAsUser: number }).runAsUser;

describe('the check of the pods of a definition', () => {
  it('tells of every pod that is refused, and names all tasks of one shape', async () => {
    const { refusal, asked } = await told([ofUser(1), ofUser(2), ofUser(3), ofUser(1)], (pod) =>
      userOf(pod) === 2 ? undefined : `pods "${pod.metadata.name}" is forbidden: not as ${userOf(pod)}`,
    );
    expect(asked).toHaveLength(3);
    expect(refusal).toBe(
      'spec.tasks[0], spec.tasks[3]: the API server refuses their pods: pods is forbidden: not as 1; ' +
        'spec.tasks[2]: the API server refuses its pod: pods is forbidden: not as 3',
    );
  });

  it('tells once of what is said of several shapes', async () => {
    const { refusal } = await told(
      [ofUser(1), ofUser(2)],
      ({ metadata }) => `pods "${metadata.name}" is forbidden: no`,
    );
    expect(refusal).toBe('spec.tasks[0], spec.tasks[1]: the API server refuses their pods: pods is forbidden: no');
  });

  it('is bounded in what it tells, and says how much it leaves out', async () => {
    const users = Array.from({ length: 40 }, (_, index) => ofUser(index + 1));
    const all = await told(users, (pod) => `not as ${userOf(pod)}: ${'x'.repeat(2000)}`);
    expect(all.refusal).toMatch(/; and it refuses 32 more for other reasons$/);
    expect(all.refusal?.length).toBeLessThan(8000);
    const same = await told(users, () => 'not so');
    expect(same.refusal).toBe(
      'spec.tasks[0], spec.tasks[1], spec.tasks[2], spec.tasks[3], spec.tasks[4] and 35 more: ' +
        'the API server refuses their pods: not so',
    );
  });

  it('says nothing where the server takes all, or has no room for them now', async () => {
    expect((await told([ofUser(1)], () => undefined)).refusal).toBeUndefined();
    expect((await told([ofUser(1)], () => 'exceeded quota: few')).refusal).toBeUndefined();
  });

  it('has pods judged apart that differ in what the task sets as labels and annotations', async () => {
    const labelled = (team: string): Partial<Task> => ({ podMetadata: { labels: { team } } });
    const { asked } = await told([labelled('a'), labelled('b'), labelled('a')], () => undefined);
    expect(asked.map(({ metadata }) => metadata.labels?.team)).toEqual(['a', 'b']);
  });
});
