import type { Task, WorkflowSpec } from '../../api/index.ts';

/** For tests: a valid workflow that uses a bit of everything. */
export function validSpec(): WorkflowSpec {
  return {
    parameters: [
      { name: 'version', default: '1.0' },
      { name: 'replicas', type: 'Integer', default: 2 },
      { name: 'suites', type: 'List', default: ['unit', 'e2e'] },
    ],
    defaults: { image: 'busybox:1.36', timeout: '10m', env: { VERSION: '${{ params.version }}' } },
    timeout: '1h',
    retention: { succeeded: { age: '24h' } },
    tasks: [
      { name: 'build', run: 'echo "digest=abc" > $ADO_OUTPUTS', outputs: [{ name: 'digest', type: 'String' }] },
      {
        name: 'test',
        needs: ['build'],
        when: 'params.version != "" && item != "none"',
        forEach: { itemsFrom: 'params.suites' },
        env: { SUITE: '${{ item }}', DIGEST: '${{ tasks.build.outputs.digest }}' },
        run: './test.sh "$SUITE"',
        outputs: [{ name: 'passed', type: 'Integer' }],
        retry: { limit: 3, backoff: { duration: '5s', factor: 2, cap: '1m' }, when: 'exitCode != 2' },
      },
      {
        name: 'ship',
        needs: ['test'],
        container: {
          image: 'shipper:${{ params.version }}',
          command: ['sh', '-c', 'ship "$1"'],
          args: ['--', '${{ tasks.build.outputs.digest }}', '${{ tasks.test.outputs.map(o, o.passed) }}'],
        },
      },
    ],
  };
}

/** For tests: the valid workflow with some fields of one task changed. */
export function withTask(index: number, change: Partial<Task>): WorkflowSpec {
  const spec = validSpec();
  const tasks = spec.tasks.map((task, at) => (at === index ? { ...task, ...change } : task));
  return { ...spec, tasks };
}

/** For tests: a workflow of these tasks only, whose image comes from the defaults. */
export function specOf(tasks: readonly Omit<Task, 'name'>[], more: Partial<WorkflowSpec> = {}): WorkflowSpec {
  return {
    parameters: [{ name: 'version', default: '1.0' }],
    defaults: { image: 'busybox:1.36' },
    tasks: tasks.map((task, index) => ({ name: `t${index}`, ...task })),
    ...more,
  };
}

/** For tests: problems as lines. */
export function lines(problems: readonly { path: string; message: string }[]): string[] {
  return problems.map(({ path, message }) => `${path}: ${message}`);
}
