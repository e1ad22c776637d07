import { describe, expect, it } from 'vitest';
import type { Task } from '../../api/index.ts';
import { renderClaims, renderTask } from './render.ts';

const bindings = {
  params: { evil: '$(HOME) $$ `rm` "' },
  tasks: {},
  run: { name: 'r', uid: 'u', namespace: 'n', workflow: 'w' },
};

describe('a rendered task', () => {
  it('protects values from the expansion of the kubelet, and leaves what the author wrote to it', () => {
    const env = { VALUE: '${{ params.evil }}', MIXED: '$(ADO_RUN)-${{ params.evil }}' };
    const rendered = renderTask({ name: 'a', run: 'true', image: 'i', env }, undefined, bindings);
    expect(rendered).toMatchObject({
      env: { VALUE: '$$(HOME) $$$$ `rm` "', MIXED: '$(ADO_RUN)-$$(HOME) $$$$ `rm` "' },
    });
  });

  it('never touches the script', () => {
    const rendered = renderTask({ name: 'a', run: 'echo $(date) $$', image: 'i' }, undefined, bindings);
    expect(rendered).toMatchObject({ script: 'echo $(date) $$' });
  });

  it('has ${{ wherever the definition has $${{', () => {
    const text = 'token: $${{ secrets.TOKEN }} $$${{ x }} $${{';
    const plain = 'token: ${{ secrets.TOKEN }} $${{ x }} ${{';
    const pod = renderTask({ name: 'a', run: text, image: text, env: { A: text } }, undefined, bindings);
    expect(pod).toMatchObject({ script: plain, image: plain, env: { A: plain } });
    const container = { image: 'i', command: [text], args: ['sh', text] };
    expect(renderTask({ name: 'a', container }, undefined, bindings)).toMatchObject({
      ...{ command: [plain], args: ['sh', plain] },
    });
    const http = { url: text, headers: { A: text }, body: text };
    expect(renderTask({ name: 'a', http }, undefined, bindings)).toMatchObject({
      ...{ url: plain, headers: { A: plain }, body: plain },
    });
    const resource = { manifest: { data: { deep: [text] } } };
    expect(renderTask({ name: 'a', resource }, undefined, bindings)).toMatchObject({
      manifest: { data: { deep: [plain] } },
    });
    const child = renderTask({ name: 'a', workflow: { name: 'w' }, with: { A: text } }, undefined, bindings);
    expect(child).toMatchObject({ parameters: [{ name: 'A', value: plain }] });
    const claims = renderClaims({ name: 'a', run: 'x', cache: { key: text } }, bindings);
    expect(claims).toMatchObject({ cache: { key: plain } });
  });

  it('names the field whose expression has no value', () => {
    const render = (task: Partial<Task>) => () => renderTask({ name: 'a', ...task }, undefined, bindings);
    const X = '${{ params.nope }}';
    expect(render({ run: 'x', image: 'i', env: { A: X } })).toThrow('env.A: No such key: nope');
    expect(render({ container: { image: X } })).toThrow('image: No such key');
    expect(render({ container: { image: 'i', args: ['a', X] } })).toThrow('container.args[1]: No such key');
    expect(render({ http: { url: 'u', headers: { B: X } } })).toThrow('http.headers.B: No such key');
    expect(render({ resource: { manifest: { spec: [{ a: X }] } } })).toThrow('resource.manifest.spec[0].a: No such');
    expect(render({ workflow: { name: 'w' }, with: { v: X } })).toThrow('with.v: No such key');
  });

  it('takes the environment of the task over that of the defaults', () => {
    const rendered = renderTask(
      { name: 'a', run: 'x', env: { A: '2' } },
      { image: 'd', env: { A: '1', B: '1' } },
      bindings,
    );
    expect(rendered).toMatchObject({ image: 'd', env: { A: '2', B: '1' } });
  });

  it('leads a variable that is a Secret parameter alone to the Secret, and no other value ever', () => {
    const parameters = [{ name: 'token', type: 'Secret' as const }, { name: 'evil' }];
    const values = { ...bindings, params: { token: 'db/password', evil: 'db/password' } };
    const env = { A: '${{ params.token }}', B: 'x ${{ params.token }}', C: '${{ params.evil }}' };
    const rendered = renderTask({ name: 'a', run: 'true', image: 'i', env }, undefined, values, parameters);
    expect(rendered).toMatchObject({
      env: { B: 'x db/password', C: 'db/password' },
      secretEnv: { A: { name: 'db', key: 'password' } },
    });
  });
});
