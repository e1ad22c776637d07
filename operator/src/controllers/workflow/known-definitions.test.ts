import { beforeEach, describe, expect, it } from 'vitest';
import type { TemplateBody, Workflow } from '../../api/index.ts';
import type { FindTemplate } from '../../engine/index.ts';
import { KnownDefinitions, noting } from './known-definitions.ts';

const bodyOf = (image: string): TemplateBody => ({ tasks: [{ name: 'a', image, run: 'true' }] });
const workflowWith = (metadata: Partial<Workflow['metadata']> = {}): Workflow => ({
  ...{ apiVersion: '', kind: '', spec: { tasks: [] } },
  metadata: { name: 'w', namespace: 'n', uid: 'u', generation: 1, ...metadata },
});

let templates: Map<string, TemplateBody>;
let known: KnownDefinitions;
const find: FindTemplate = (_kind, name) => templates.get(name) ?? { problem: 'there is none' };

beforeEach(() => {
  templates = new Map([
    ['one', bodyOf('1')],
    ['two', bodyOf('2')],
  ]);
  known = new KnownDefinitions();
  const noted = noting(find);
  for (const name of ['one', 'two', 'absent']) noted.find('WorkflowTemplate', name);
  known.note(workflowWith(), 'd', noted.found);
});

describe('a definition that was found valid', () => {
  it('is known for as long as its spec and its templates stay', () => {
    expect(known.digestOf(workflowWith(), find)).toBe('d');
  });

  it.each([
    ['its spec has changed', workflowWith({ generation: 2 }), () => undefined],
    ['its Workflow was made again', workflowWith({ uid: 'later' }), () => undefined],
    ['it is of another Workflow', workflowWith({ name: 'other' }), () => undefined],
    ['a template has changed', workflowWith(), () => templates.set('two', bodyOf('2'))],
    ['a template is gone', workflowWith(), () => templates.delete('one')],
    ['it was forgotten', workflowWith(), () => known.forget('n/w')],
  ])('is not known once %s', (_what, workflow, change) => {
    change();
    expect(known.digestOf(workflow, find)).toBeUndefined();
  });

  it('is never known of a Workflow without uid or generation', () => {
    const { uid: _uid, generation: _generation, ...metadata } = workflowWith().metadata;
    const unnumbered = { ...workflowWith(), metadata };
    known = new KnownDefinitions();
    known.note(unnumbered, 'd', []);
    expect(known.digestOf(unnumbered, find)).toBeUndefined();
  });
});
