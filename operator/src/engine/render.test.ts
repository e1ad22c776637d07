import { describe, expect, it } from 'vitest';
import { renderTask } from './render.ts';

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
