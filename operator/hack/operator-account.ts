import type { Kubectl } from './kubectl.ts';

const NAMESPACE = 'ado-system';
const ACCOUNT = 'ado-operator';
/** Long enough for a look around or any measurement; what is still wanted then is started again. */
const TOKEN_LIFE = '8h';

/** The operator's user name, as the audit log has it. */
export const OPERATOR_USER = `system:serviceaccount:${NAMESPACE}:${ACCOUNT}`;

export interface Account {
  readonly namespace: string;
  readonly name: string;
}

/** A kubeconfig, as text, with a token of a service account (the operator's): its rights and no more. */
export async function accountKubeconfig(
  kubectl: Kubectl,
  account: Account = { namespace: NAMESPACE, name: ACCOUNT },
): Promise<string> {
  const { namespace, name } = account;
  const view = JSON.parse(await kubectl.run('config', 'view', '--raw', '--minify', '--flatten', '-o', 'json'));
  const token = (await kubectl.run('create', 'token', name, '-n', namespace, '--duration', TOKEN_LIFE)).trim();
  const [context] = view.contexts;
  const user = { name, user: { token } };
  return JSON.stringify({
    ...view,
    users: [user],
    contexts: [{ ...context, context: { cluster: context.context.cluster, user: name } }],
  });
}
