import { describe, expect, it } from 'vitest';
import type { Task, WorkflowSpec } from '../../api/index.ts';
import { specOf } from './samples.ts';
import { validateTemplate } from './template.ts';
import { validateWorkflow } from './workflow.ts';

const X = '${{ params.version }}';
const INJECTED = 'in a script makes the value part of the script';
const pathsIn = (problems: readonly { path: string; message: string }[]) =>
  problems.filter(({ message }) => message.includes(INJECTED)).map(({ path }) => path);
const refused = (...tasks: Omit<Task, 'name'>[]) => pathsIn(validateWorkflow(specOf(tasks)));
/** Every way to cut a command line into command and args. */
const cuts = (words: string[]) =>
  Array.from({ length: words.length + 1 }, (_, at) => ({ command: words.slice(0, at), args: words.slice(at) }));

describe('a value in a script', () => {
  it.each(
    [
      ['sh', '-c', X],
      ['sh', '-ce', X],
      ['sh', '-c', '-e', X],
      ['sh', '-ec', `echo ${X}`],
      ['bash', '-euc', X],
      ['bash', '-euxo', 'pipefail', '-c', X],
      ['bash', '-euoc', 'pipefail', X],
      ['bash', '-c', '-o', 'pipefail', X],
      ['/bin/ash', '-c', X],
      ['/usr/bin/env', 'bash', '-c', X],
      ['env', 'A=b', 'dash', '-lc', X],
      ['env', '-S', `bash -c ${X}`],
      ['busybox', 'sh', '-c', X],
      ['timeout', '5', 'zsh', '-c', X],
      ['find', '.', '-exec', 'sh', '-c', X, ';'],
      ['pwsh', '-Command', X],
      ['fish', '--command', X],
      ['fish', `--command=${X}`],
      ['perl', '-e', X],
      ['perl', '-E', X],
      ['perl', '-ne', X],
      ['perl', '-lane', X],
      ['perl', '-e', 'print 1', '-e', X],
      ['perl', `-e${X}`],
      ['python', '-c', X],
      ['python3.12', '-c', X],
      ['python3', '-W', 'ignore', '-Ic', X],
      ['/usr/local/bin/python3', `-c${X}`],
      ['node', '-e', X],
      ['node', '-pe', X],
      ['node', '--eval', X],
      ['node', `--eval=${X}`],
      ['deno', 'eval', X],
      ['ruby', '-e', X],
      ['ruby', '-ne', X],
      ['php', '-r', X],
      ['lua5.4', '-e', X],
      ['Rscript', '-e', X],
      ['awk', `{ print ${X} }`, 'file'],
      ['gawk', '-F', ':', '-v', 'a=b', X, 'file'],
      ['sed', `s/a/${X}/`, 'file'],
      ['sed', '-i', '-e', `s/a/${X}/`, 'file'],
      ['sed', '-ne', X],
      ['sed', `--expression=${X}`],
      ['psql', '-c', `select ${X}`],
      ['mysql', '-Ne', `select ${X}`],
      ['mongosh', '--eval', X],
      ['su', 'me', '-c', X],
      ['eval', X],
    ].map((words) => [words.join(' '), words] as const),
  )('is refused: %s', (_line, words) => {
    for (const container of cuts(words)) expect(refused({ container }), JSON.stringify(container)).toHaveLength(1);
  });

  it.each(
    [
      ['sh', '-c', 'ship "$1"', '--', X],
      ['sh', '-c', 'ship "$@"', 'sh', '-e', X],
      ['bash', 'script.sh', X],
      ['python', '-m', 'tool', X],
      ['python', '-c', 'import sys; print(sys.argv)', X],
      ['python3', 'program.py', '--count', X],
      ['perl', '-e', 'print @ARGV', X],
      ['node', 'index.js', X],
      ['awk', '-v', `a=${X}`, '{ print a }', 'file'],
      ['awk', '-f', 'program.awk', X],
      ['sed', '-f', 'program.sed', X],
      ['sed', 's/a/b/', X],
      ['tool', '--config', X],
      ['tool', 'watch', X],
      ['kubectl', 'get', X, '-o', 'yaml'],
      ['psql', '-h', X, '-f', 'file.sql'],
    ].map((words) => [words.join(' '), words] as const),
  )('is no value in an argument: %s', (_line, words) => {
    for (const container of cuts(words).slice(1)) {
      expect(refused({ container }), JSON.stringify(container)).toEqual([]);
    }
  });

  it('is refused where the entry point of the image may be any shell', () => {
    expect(refused({ container: { args: ['-ec', X] } })).toEqual(['spec.tasks[0].container.args[1]']);
  });

  it('is refused wherever a task may stand', () => {
    const run = `echo ${X}`;
    const container = { command: ['sh', '-ce'], args: [X] };
    const spec: WorkflowSpec = specOf(
      [{ run: 'true', undo: { run }, hooks: [{ event: 'Failed', container }] }, { run }],
      {
        finally: [{ name: 'last', container }],
        hooks: [{ event: 'Failed', run }],
        templates: [
          { name: 'local', parameters: [{ name: 'version' }], tasks: [{ name: 'a', image: 'i', container }] },
        ],
      },
    );
    expect(pathsIn(validateWorkflow(spec)).sort()).toEqual([
      'spec.finally[0].container.args[0]',
      'spec.hooks[0].run',
      'spec.tasks[0].hooks[0].container.args[0]',
      'spec.tasks[0].undo.run',
      'spec.tasks[1].run',
      'spec.templates[0].tasks[0].container.args[0]',
    ]);
    const body = { parameters: [{ name: 'version' }], tasks: [{ name: 'a', image: 'i', run }] };
    expect(pathsIn(validateTemplate(body, 'WorkflowTemplate'))).toEqual(['spec.tasks[0].run']);
  });

  it('may be written as $${{, which is the characters and no value', () => {
    expect(refused({ run: 'cat > ci.yaml <<"END"\n  token: $${{ secrets.TOKEN }}\nEND' })).toEqual([]);
    expect(refused({ run: 'echo $${{ a }} ${{ params.version }}' })).toEqual(['spec.tasks[0].run']);
  });

  it('is refused in the words that run a script, of a task and of defaults', () => {
    expect(refused({ run: 'true', shell: ['bash', X] })).toEqual(['spec.tasks[0].shell[1]']);
    const spec = specOf([{ run: 'true' }], { defaults: { image: 'i', shell: [X, '-c'] } });
    expect(pathsIn(validateWorkflow(spec))).toEqual(['spec.defaults.shell[0]']);
  });

  it('is refused in every container of an object that is applied', () => {
    const called = { name: 'a', image: 'i', command: ['sh', '-c'], args: [X] };
    const probe = { exec: { command: ['perl', '-e', X] } };
    const pod = { initContainers: [called], containers: [called, { ...called, args: ['true'], livenessProbe: probe }] };
    const manifest = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'j' },
      spec: { template: { spec: pod } },
    };
    const at = 'spec.tasks[0].resource.manifest.spec.template.spec';
    expect(refused({ resource: { manifest } }).sort()).toEqual([
      `${at}.containers[0].args[0]`,
      `${at}.containers[1].livenessProbe.exec.command[2]`,
      `${at}.initContainers[0].args[0]`,
    ]);
  });
});
