import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../runtime/index.ts';
import { accountOf, refusedToken } from './resource-account.ts';

const run = { name: 'r', namespace: 'shop', uid: 'u', workflow: 'w' };
const manifest = {};

describe('the account that a task acts as', () => {
  it('is never one that Kubernetes could not have, however it came into the definition', () => {
    const odd = fc.oneof(
      fc.array(fc.nat(0xffff)).map((codes) => String.fromCharCode(...codes)),
      fc.constantFrom('../x', 'a/token', 'a%2Fb', '$(id)', "a'b", ''),
    );
    fc.assert(
      fc.property(odd, (name) => {
        const task = { name: 't', resource: { manifest, serviceAccountName: name } };
        const account = accountOf(run, { task }, 'ado-system');
        if ('phase' in account)
          return void expect(account).toMatchObject({ reason: 'ResourceForbidden', retry: false });
        expect(account.name).toMatch(/^[a-z0-9.-]{1,253}$/);
      }),
    );
  });

  it.each([
    [
      { resource: { manifest, serviceAccountName: 'A b' }, serviceAccountName: 'c' },
      'resource.serviceAccountName is "A b"',
    ],
    [{ resource: { manifest }, serviceAccountName: 'A b' }, 'serviceAccountName is "A b"'],
    [{ resource: { manifest } }, 'defaults.serviceAccountName is "A b"'],
  ])('is refused by the field that names it', (fields, says) => {
    const task = { name: 't', ...fields };
    expect(accountOf(run, { task, defaults: { serviceAccountName: 'A b' } }, 'ado-system')).toMatchObject({
      message: expect.stringContaining(says),
    });
  });
});

describe('a token that is refused', () => {
  const account = (name: string) => ({ namespace: 'shop', name, field: 'resource.serviceAccountName' });
  const forbidden = (text: string) => new ApiError(403, { message: text });
  const USER = 'is forbidden: User "system:serviceaccount:tools:ado" cannot create resource "serviceaccounts/token"';

  it('names the account of this very operator in the command', () => {
    const { message } = refusedToken(forbidden(`serviceaccounts "d" ${USER}`), account('d'));
    expect(message).toMatch(/--resource-name=d && .* --serviceaccount=tools:ado$/);
  });

  it('has a whole command or none, however long the names are', () => {
    for (let length = 1; length <= 253; length += 7) {
      const name = 'd'.repeat(length);
      const { message } = refusedToken(forbidden(`serviceaccounts "${name}" ${USER}`), account(name));
      expect(message.length).toBeLessThanOrEqual(512);
      expect(message).toMatch(
        /--serviceaccount=tools:ado$|must bind a Role as described in docs\/guides\/resources.md$/,
      );
    }
  });

  it('has the words of the API server where it is not RBAC that refuses', () => {
    const { message, retry } = refusedToken(forbidden('denied by policy x'), account('d'));
    expect({ message, retry }).toMatchObject({ message: expect.stringContaining('denied by policy x'), retry: false });
  });
});
