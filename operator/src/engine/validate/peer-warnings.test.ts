import { describe, expect, it } from 'vitest';
import type { Task } from '../../api/index.ts';
import { peerWarnings } from './peer-warnings.ts';
import { inPeersSyntax } from './peers.ts';
import { validateWorkflow } from './workflow.ts';

describe('a reference as a peer writes it', () => {
  it.each<[string, string | undefined]>([
    ['{{ params.x }}', 'params.x'],
    ['{{params.image-tag}}', 'params.image_tag'],
    ['{{parameters.x}}', 'params.x'],
    ['{{inputs.parameters.x}}', 'params.x'],
    ['{{ inputs.x }}', 'params.x'],
    ['{{workflow.parameters.x}}', 'params.x'],
    ["{{workflow.parameters['x']}}", 'params.x'],
    ['{{tasks.build.outputs.parameters.tag}}', 'tasks.build.outputs.tag'],
    ['{{steps.roll-out.outputs.result}}', 'tasks["roll-out"].outputs.result'],
    ['{{ tasks.build.status }}', 'tasks.build.status'],
    ['{{item}}', 'item'],
    ['{{ item.name }}', 'item.name'],
    ['{{workflow.name}}', 'run.name'],
    ['{{ run.name }}', 'run.name'],
    ['{{workflow.creationTimestamp}}', undefined],
    ['{{pod.name}}', undefined],
    ['{{outputs.parameters.x.path}}', undefined],
    ['{{=sprig.upper(inputs.parameters.x)}}', undefined],
    ['$(params.x)', 'params.x'],
    ['$(params.image-tag)', 'params.image_tag'],
    ['$(params["x"])', 'params.x'],
    ['$(params.list[*])', undefined],
    ['$(inputs.params.x)', 'params.x'],
    ['$(tasks.a.results.b)', 'tasks.a.outputs.b'],
    ['$(tasks.a.status)', 'tasks.a.status'],
    ['$(results.image.path)', undefined],
    ['$(workspaces.source.path)', undefined],
    ['$(context.pipelineRun.name)', 'run.name'],
  ])('is found: %s', (text, written) => {
    const found = written === undefined ? { text } : { text, written };
    expect(inPeersSyntax(`echo ${text} and more`)).toEqual([found]);
  });

  it.each([
    '${{ params.x }}',
    '$${{ params.x }}',
    '{{ .Values.params.x }}',
    '{{.item.name}}',
    '{{range .items}}{{.}}{{end}}',
    '{{ $item.name }}',
    '{{- if eq .params.x "a" }}',
    "docker ps --format '{{json .}}'",
    "kubectl get pods -o go-template='{{range .items}}{{.metadata.name}}{{end}}'",
    '{{ include "params.x" . }}',
    '{{ printf "%s" .item }}',
    '{{items}}',
    '{{ itemName }}',
    '{{ params }}',
    '{{{ item.name }}}',
    '{ { params.x } }',
    '{"a":{"b":{"item.x":1}}}',
    '{{ item\n.name }}',
    '$(params)',
    '$(params --all)',
    '$(params.sh)',
    '$(tasks.sh --list)',
    '$(tasks.py)',
    '$(workflow.name)',
    '$(cat params.x)',
    '$((params.x + 1))',
    '$$(params.x)',
    '$(date +%s)',
    '$(context.x)',
    '$(tasks.build)',
    '`params.x`',
    '${params.x}',
  ])("is not seen in what is a script's own: %s", (text) => expect(inPeersSyntax(text)).toEqual([]));

  it('is looked for in time that grows with the text alone', () => {
    for (const piece of ['{{', '{{ ', '$(', '$(a', '{{params.', '$(params.a', '{{= a']) {
      const text = piece.repeat(Math.ceil(1_000_000 / piece.length));
      const began = process.cpuUsage().user;
      expect(inPeersSyntax(text)).toEqual([]);
      expect((process.cpuUsage().user - began) / 1000).toBeLessThan(2_000);
    }
  });
});

describe('a definition with such references', () => {
  const warned = (task: Partial<Task>) =>
    peerWarnings({ metadata: {}, spec: { tasks: [{ name: 'a', image: 'i', ...task }] } }).map(
      ({ path, message }) => `${path}: ${message}`,
    );

  it('is told the field and what to write', () => {
    expect(warned({ env: { TAG: 'v{{ params.tag }}' } })).toEqual([
      'spec.tasks[0].env.TAG: "{{ params.tag }}" is not replaced; write ${{ params.tag }}',
    ]);
    expect(warned({ container: { args: ['--tag', '$(params.tag)'] } })).toEqual([
      'spec.tasks[0].container.args[1]: "$(params.tag)" is not replaced; write ${{ params.tag }}',
    ]);
  });

  it('is told to hand values to a script by env', () => {
    expect(warned({ run: 'echo {{inputs.parameters.image-tag}}\necho {{item}}' })).toEqual([
      'spec.tasks[0].run: "{{inputs.parameters.image-tag}}" (and 1 more) is not replaced; write env: {IMAGE_TAG: "${{ params.image_tag }}"}, and "$IMAGE_TAG" in the script',
    ]);
    expect(warned({ hooks: [{ on: 'Failed', run: 'echo {{item}}' }] })).toHaveLength(1);
    expect(warned({ undo: { run: 'echo {{item}}' } })).toHaveLength(1);
  });

  it('is told where to read on where there is no such name here', () => {
    expect(warned({ env: { POD: '{{pod.name}}' } })).toEqual([
      'spec.tasks[0].env.POD: "{{pod.name}}" is not replaced; write what it stands for as an expression in ${{ }}: docs/guides/expressions.md',
    ]);
  });

  it('is left alone where it is for people, or for the controllers of others', () => {
    expect(warned({ description: 'prints {{ params.x }}', run: 'true' })).toEqual([]);
    const object = (apiVersion: string) => ({ apiVersion, spec: { args: ['$(params.x)', '{{item}}'] } });
    expect(warned({ resource: { manifest: object('tekton.dev/v1') } })).toEqual([]);
    expect(warned({ resource: { manifest: object('argoproj.io/v1alpha1') } })).toEqual([]);
    expect(warned({ resource: { manifest: object('batch/v1') } })).toHaveLength(2);
  });

  it('is refused where the field is CEL, with what to write', () => {
    const when = (text: string) =>
      validateWorkflow({
        parameters: [{ name: 'x' }],
        tasks: [{ name: 'a', image: 'i', run: 'true', when: text }],
      }).map(({ message }) => message);
    const remedy = 'this field is plain CEL; write params.x';
    expect(when("{{ params.x }} == 'a'")).toEqual([`"{{ params.x }}": ${remedy}`]);
    expect(when("$(params.x) == 'a'")).toEqual([`"$(params.x)": ${remedy}`]);
  });
});
