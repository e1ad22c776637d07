import type { Kubectl } from './kubectl.ts';

const NAMESPACE = 'ado-system';
const ACCOUNT = 'ado-operator';
/** Long enough for a look around or any measurement; what is still wanted then is started again. */
const TOKEN_LIFE = '8h';

/** The operator's user name, as the audit log has it. */
export const OPERATOR_USER = `system:serviceaccount:${NAMESPACE}:${ACCOUNT}`;

/** A kubeconfig, as text, with a token of the operator's service account: its rights and no more. */
export async function accountKubeconfig(kubectl: Kubectl): Promise<string> {
  const view = JSON.parse(await kubectl.run('config', 'view', '--raw', '--minify', '--flatten', '-o', 'json'));
  const token = (await kubectl.run('create', 'token', ACCOUNT, '-n', NAMESPACE, '--duration', TOKEN_LIFE)).trim();
  const [context] = view.contexts;
  const user = { name: ACCOUNT, user: { token } };
  return JSON.stringify({
    ...view,
    users: [user],
    contexts: [{ ...context, context: { cluster: context.context.cluster, user: ACCOUNT } }],
  });
}
