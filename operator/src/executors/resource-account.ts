import { referenceRemedy, type Task, type TaskDefaults } from '../api/index.ts';
import { ApiError } from '../runtime/index.ts';
import type { ServiceAccountRef } from './account-tokens.ts';
import type { Refusal, RunContext } from './executor.ts';
import { isReservedNamespace } from './resource-manifest.ts';

/** What Kubernetes calls the service account that a namespace always has. */
const DEFAULT_ACCOUNT = 'default';
const MAX_MESSAGE = 512;
/** How the API server names a service account that it refuses something to. */
const OPERATOR = /User "system:serviceaccount:([^:"]+):([^:"]+)"/;

/** The service account that a task acts as, and the field that says so. */
export interface TaskAccount extends ServiceAccountRef {
  readonly field: string;
}

/**
 * Who applies the object of a task: whom its nearest field names. Not where Kubernetes or the operator itself runs: an
 * account of there may do anything, and is acted for by nobody, before RBAC is asked. `own` is the operator's namespace.
 */
export function accountOf(
  { namespace }: RunContext,
  { task, defaults }: { readonly task: Task; readonly defaults?: TaskDefaults | undefined },
  own: string,
): TaskAccount | Refusal {
  const [field, name] = namedAccount(task, defaults);
  if (isReservedNamespace(namespace, own)) {
    const why = 'service accounts in kube-* and in the operator namespace are privileged';
    return forbidden(
      `${field}: the operator does not act as service accounts in ${namespace}: ${why}; run the Workflow in another namespace`,
    );
  }
  const remedy = referenceRemedy('serviceAccountName', name);
  if (remedy === undefined) return { namespace, name, field };
  return forbidden(
    `${field} is ${JSON.stringify(name.slice(0, 80))}, which is not a valid service account name; ${remedy}`,
  );
}

function namedAccount({ resource, serviceAccountName }: Task, defaults: TaskDefaults | undefined): [string, string] {
  if (resource?.serviceAccountName !== undefined) return ['resource.serviceAccountName', resource.serviceAccountName];
  if (serviceAccountName !== undefined) return ['serviceAccountName', serviceAccountName];
  if (defaults?.serviceAccountName !== undefined) return ['defaults.serviceAccountName', defaults.serviceAccountName];
  return ['serviceAccountName (not set)', DEFAULT_ACCOUNT];
}

/** As RBAC and the audit log name it. */
export const userOf = ({ namespace, name }: ServiceAccountRef) => `system:serviceaccount:${namespace}:${name}`;

/** What a refused token means. @throws the error itself when it says nothing about the account */
export function refusedToken(error: unknown, account: TaskAccount): Refusal {
  if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 403)) throw error;
  const { field, name, namespace } = account;
  if (error.status === 403) return forbidden(notBound(error, account));
  const message = `${field}: the service account ${name} not found in ${namespace}; create it or use another`;
  return { ...forbidden(message), retry: true };
}

/** The commands by which a namespace lets the operator act as this account, and as no other. */
function notBound(error: ApiError, { field, name, namespace }: TaskAccount): string {
  const [, home, operator] = OPERATOR.exec(error.message) ?? [];
  const said = `${field}: the operator may not act as ${name} in ${namespace}`;
  if (home === undefined || operator === undefined) return `${said}: ${error.message}`;
  const role = `ado-as-${name}`;
  const grant = `kubectl create role ${role} -n ${namespace} --verb=create --resource=serviceaccounts/token --resource-name=${name}`;
  const bind = `kubectl create rolebinding ${role} -n ${namespace} --role=${role} --serviceaccount=${home}:${operator}`;
  const message = `${said} until the owner of the namespace runs: ${grant} && ${bind}`;
  // Half a command is worse than none.
  return message.length <= MAX_MESSAGE
    ? message
    : `${said}; the owner of the namespace must bind a Role as described in docs/guides/resources.md`;
}

function forbidden(message: string): Refusal {
  return { phase: 'Refused', reason: 'ResourceForbidden', message: message.slice(0, MAX_MESSAGE), retry: false };
}
