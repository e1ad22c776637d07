import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Task, WorkflowSpec } from '../../api/index.ts';
import { MAX_PROBLEMS } from './report.ts';
import { lines, specOf, validSpec, withTask } from './samples.ts';
import { validateWorkflow } from './workflow.ts';

const problems = (spec: WorkflowSpec) => validateWorkflow(spec).map(({ path, message }) => `${path}: ${message}`);
const task = (index: number, change: Partial<Task>) => problems(withTask(index, change));
const without = (index: number, field: keyof Task) => {
  const spec = validSpec();
  delete spec.tasks[index]?.[field];
  return problems(spec);
};

describe('validating a workflow', () => {
  it('finds nothing wrong with one that is right', () => {
    expect(problems(validSpec())).toEqual([]);
    expect(problems({ tasks: [{ name: 'only', image: 'a', run: 'true' }] })).toEqual([]);
  });

  describe('the graph', () => {
    it('names a cycle, and leaves references for when it is gone', () => {
      expect(task(0, { needs: ['ship'] })).toEqual([
        'spec.tasks[0].needs: the tasks form a dependency cycle: build → ship → test → build; remove one of these needs',
      ]);
    });

    it('names unknown needs and what was probably meant', () => {
      expect(task(1, { needs: ['build', 'buidl'] })).toEqual([
        'spec.tasks[1].needs[1]: unknown task "buidl"; did you mean "build"? (known: build, ship)',
      ]);
    });

    it('refuses a task that needs itself', () => {
      expect(task(0, { needs: ['build'] })).toEqual(['spec.tasks[0].needs[0]: task "build" needs itself; remove it']);
    });

    it('refuses two tasks of one name', () => {
      const spec = validSpec();
      spec.tasks.push({ name: 'build', run: 'true' });
      expect(problems(spec)).toEqual([
        'spec.tasks[3].name: task "build" is declared already at spec.tasks[0].name; rename one',
      ]);
    });
  });

  describe('expressions', () => {
    it('are type-checked where they stand, with line, column and caret', () => {
      expect(task(2, { when: 'params.replicas > 1 &&\n  params.version + 1 == 2' })).toEqual([
        'spec.tasks[2].when: no such overload: string + int; convert one side, with string(...), int(...) or double(...)' +
          ' (line 2, column 3)\n    params.version + 1 == 2\n    ^',
      ]);
      expect(task(2, { env: { A: 'x ${{ params.verson }}' } })).toEqual([
        'spec.tasks[2].env.A: unknown parameter "verson"; did you mean "version"? (known: version, replicas, suites)' +
          ' (line 1, column 14)\n  x ${{ params.verson }}\n               ^',
      ]);
    });

    it('may read ancestors only, whose outputs are declared', () => {
      expect(task(1, { env: { A: '${{ tasks.ship.status }}' } })[0]).toMatch(
        /^spec\.tasks\[1\]\.env\.A: task "ship" is not an ancestor; add it to needs \(line 1, column 11\)/,
      );
      expect(task(2, { needs: ['build'], env: { A: '${{ tasks.test.status }}' } })[0]).toContain('add it to needs');
      expect(task(1, { env: { A: '${{ tasks.build.outputs.sha }}' } })[0]).toContain('declares no output "sha"');
      expect(task(2, { env: { A: '${{ tasks.test.outputs.passed }}' } })[0]).toContain('are a list');
    });

    it('are checked in every field that is evaluated', () => {
      const bad = '${{ params.x }}';
      const fields = task(2, {
        image: bad,
        env: { 'a.b': bad },
        container: { image: bad, command: [bad], args: ['a', bad] },
        when: 'params.x == 1',
        retry: { limit: 1, when: 'params.x == 1' },
        forEach: { itemsFrom: 'params.x' },
      });
      expect(fields.map((problem) => problem.split(': ')[0])).toEqual([
        'spec.tasks[2].when',
        'spec.tasks[2].forEach.itemsFrom',
        'spec.tasks[2].retry.when',
        'spec.tasks[2].image',
        'spec.tasks[2].env["a.b"]',
        'spec.tasks[2].container.image',
        'spec.tasks[2].container.command[0]',
        'spec.tasks[2].container.args[1]',
      ]);
    });

    it('yield what their field wants', () => {
      expect(task(2, { when: 'params.replicas' })[0]).toContain('must yield a Boolean, but yields a Integer');
      expect(task(1, { forEach: { itemsFrom: 'params.version' } })[0]).toContain('must yield a List');
      expect(task(1, { retry: { limit: 1, when: 'reason' } })[0]).toContain('must yield a Boolean');
    });

    it('see item and attempt only where they exist', () => {
      expect(task(2, { when: 'item == 1' })[0]).toContain('only in a task with forEach');
      expect(task(1, { forEach: { itemsFrom: '[item]' } })[0]).toContain('only in a task with forEach');
      expect(task(1, { when: 'exitCode == 1' })[0]).toContain('only in retry.when');
      expect(task(1, { retry: { limit: 1, when: 'index > 0 && attempt < 2' } })).toEqual([]);
    });

    it('stand without ${{ }} where the field is CEL', () => {
      const message = 'this field is plain CEL; write it without ${{ }}';
      expect(task(2, { when: '${{ true }}' })).toEqual([`spec.tasks[2].when: ${message}`]);
      expect(task(1, { forEach: { itemsFrom: '${{ [1] }}' } })).toContain(
        `spec.tasks[1].forEach.itemsFrom: ${message}`,
      );
      expect(task(1, { retry: { limit: 1, when: '${{ true }}' } })).toEqual([`spec.tasks[1].retry.when: ${message}`]);
    });

    it('may read no task in defaults', () => {
      const spec = validSpec();
      const env = { A: '${{ params.version }}', B: '${{ tasks.build.status }}', C: 'tasks.build.status' };
      expect(problems({ ...spec, defaults: { ...spec.defaults, env } })).toEqual([
        'spec.defaults.env.B: defaults apply to every task, so they can read params and run but no task; set this on the task',
      ]);
      const retry = { limit: 1, when: 'exitCode > 1 && params.x' };
      expect(problems({ ...spec, defaults: { ...spec.defaults, retry } })[0]).toMatch(
        /^spec\.defaults\.retry\.when: unknown/,
      );
    });

    it('are refused inside scripts', () => {
      const remedy = 'pass the value in env or args';
      const [run, ...more] = task(0, { run: 'echo ${{ params.version }}' });
      expect([run?.startsWith('spec.tasks[0].run: '), run?.includes(remedy), more]).toEqual([true, true, []]);
      const script = '${{ params.version }}';
      const [argument] = task(2, { container: { command: ['bash', '-ec', script], args: [script] } });
      expect(argument).toContain('spec.tasks[2].container.command[2]: ');
      const [across] = task(2, { container: { command: ['sh', '-c'], args: [script, script] } });
      expect(across).toContain('spec.tasks[2].container.args[0]: ');
      expect(task(2, { container: { args: ['-c', script] } })[0]).toContain(remedy);
      expect(task(2, { container: { command: ['tool', '--config', script] } })).toEqual([]);
    });
  });

  describe('values', () => {
    it('have parameters whose defaults fit', () => {
      const spec = validSpec();
      const parameters = [
        { name: 'a', type: 'Integer' as const, default: 'many' },
        { name: 'b', type: 'Integer' as const, default: '3' },
        { name: 'c', type: 'List' as const, default: { x: 1 } },
        { name: 'd' },
        { name: 'd' },
        { name: '__proto__' },
      ];
      expect(problems({ ...spec, parameters, defaults: { image: 'a' }, tasks: [{ name: 't', run: 'true' }] })).toEqual([
        'spec.parameters[4].name: parameter "d" is declared already at spec.parameters[3].name; rename one',
        'spec.parameters[5].name: "__proto__" cannot be the name of a parameter; choose another',
        'spec.parameters[0].default: the default of "a": "many" is not an Integer; change the default, or the type of the parameter',
        'spec.parameters[2].default: the default of "c": {"x":1} is not a List; change the default, or the type of the parameter',
      ]);
    });

    it('have durations that can be read and make sense', () => {
      const backoff = { duration: '10m', cap: '1m' };
      const [first, second] = task(0, { timeout: '5x', pendingTimeout: '0s', retry: { limit: 1, backoff } });
      expect(first).toBe('spec.tasks[0].timeout: "5x" is not a valid duration; write it like 10s, 5m or 1h30m');
      expect(second).toBe('spec.tasks[0].pendingTimeout: 0s is too short; the shortest is 1s');
      expect(task(0, { retry: { limit: 1, backoff } })).toEqual([
        'spec.tasks[0].retry.backoff.cap: the cap 1m is shorter than the first delay 10m; raise it',
      ]);
      expect(problems({ ...validSpec(), timeout: '9000h' })).toEqual([
        'spec.timeout: 9000h is too long; the longest is 8760h',
      ]);
      expect(problems({ ...validSpec(), retention: { failed: { age: 'h' } } })[0]).toContain(
        'spec.retention.failed.age',
      );
    });

    it('have outputs that are declared once', () => {
      const outputs = [{ name: 'digest' }, { name: 'digest' }, { name: 'constructor' }];
      expect(task(0, { outputs })).toEqual([
        'spec.tasks[0].outputs[1].name: output "digest" is declared already at spec.tasks[0].outputs[0].name; rename one',
        'spec.tasks[0].outputs[2].name: "constructor" cannot be the name of an output; choose another',
      ]);
    });

    it('have variables with names that every shell and node takes', () => {
      const env = { '1A': 'x', 'spring.profile': 'x', ADO_OUTPUTS: 'x', A: 'x' };
      const envValueFrom = { A: { secretKeyRef: { name: 's', key: 'k' } } };
      expect(task(0, { env, envValueFrom })).toEqual([
        'spec.tasks[0].env.1A: "1A" is not a valid variable name; use letters, digits, "_", "-" and ".", and do not start with a digit',
        'spec.tasks[0].env.ADO_OUTPUTS: "ADO_OUTPUTS": names starting with ADO_ are reserved for Ado; choose another',
        'spec.tasks[0].envValueFrom.A: "A" is also set in env; keep one',
      ]);
    });

    it('have no ${{ }} where it is not evaluated', () => {
      const change = {
        serviceAccountName: '${{ params.version }}',
        volumes: [{ name: 'a', secret: { 'x.y': '${{ 1 }}' } }],
      };
      expect(task(0, change).map((problem) => problem.split(': ')[0])).toEqual([
        'spec.tasks[0].serviceAccountName',
        'spec.tasks[0].volumes[0].secret["x.y"]',
      ]);
    });
  });

  describe('tasks', () => {
    it('do exactly one thing', () => {
      expect(without(0, 'run')).toEqual([
        'spec.tasks[0]: a task does exactly one thing; give it one of run, container, template, workflow, sleep, http, resource, compute, generate, approval, waitForSignal',
      ]);
      expect(task(2, { run: 'true' })[0]).toContain('exactly one thing');
    });

    it('fan out over one source of items', () => {
      const message = 'spec.tasks[1].forEach: forEach takes exactly one of items, itemsFrom, sequence and matrix';
      expect(task(1, { forEach: {} })).toEqual([message]);
      expect(task(1, { forEach: { items: [1], itemsFrom: '[1]' } })).toEqual([message]);
      expect(task(1, { forEach: { items: [1, 'a', { b: null }] } })).toEqual([]);
    });

    it('have an image from somewhere', () => {
      const spec = { ...validSpec(), defaults: {} };
      expect(problems(spec)).toEqual([
        'spec.tasks[0].image: the task has no image; set image or defaults.image',
        'spec.tasks[1].image: the task has no image; set image or defaults.image',
      ]);
    });
  });

  it('reports problems in the order of the fields, and not without end', () => {
    const tasks = Array.from({ length: 200 }, (_, i): Task => ({ name: `t${i}`, run: 'true', when: 'x' }));
    const found = validateWorkflow({ defaults: { image: 'a' }, tasks });
    expect(found).toHaveLength(MAX_PROBLEMS + 1);
    expect(found[1]?.path).toBe('spec.tasks[1].when');
    expect(found.at(-1)).toEqual({ path: 'spec', message: '150 more problems are not shown' });
  });

  it('answers for any graph and any text', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd');
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('${{ tasks.a.status }}', '${{', 'tasks.b.outputs.x == 1', 'item'),
    );
    const tasks = fc.array(
      fc.record({
        name,
        needs: fc.array(name, { maxLength: 3 }),
        when: text,
        run: text,
        env: fc.dictionary(text, text),
      }),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(tasks, (list) => {
        for (const { path, message } of validateWorkflow({ tasks: list })) {
          expect(path).toMatch(/^spec/);
          expect(message).not.toBe('');
        }
      }),
    );
  });
});

describe('an optional output', () => {
  const make = { run: 'true', outputs: [{ name: 'url', optional: true }] };
  const read = (reader: Partial<Task>, first: Omit<Task, 'name'> = make) =>
    lines(validateWorkflow(specOf([first, { run: 'true', needs: ['t0'], ...reader }])));
  const URL = { env: { URL: '${{ tasks.t0.outputs.url }}' } };

  it('is read where the task has asked for it', () => {
    expect(read({ ...URL, when: 'has(tasks.t0.outputs.url)' })).toEqual([]);
    expect(read({ env: { URL: "${{ tasks.t0.outputs.?url.orValue('') }}" } })).toEqual([]);
    expect(read(URL, { ...make, outputs: [{ name: 'url' }] })).toEqual([]);
    const [told] = read(URL);
    expect(told).toContain('spec.tasks[1].env.URL: the output "url" of "t0" is optional, so it may be missing; read');
    expect(read({ when: "tasks.t0.outputs.url == 'x'" })[0]).toContain('spec.tasks[1].when: the output "url"');
  });
});
