import { ADMISSION_NAME, GROUP, LABEL_OPERATOR, VERSION } from '../../src/api/index.ts';
import {
  backfillPolicy,
  manualPolicy,
  markPolicy,
  powerPolicy,
  runPolicy,
  signalPolicy,
  workflowPolicy,
} from './admission-policies.ts';
import { NAMESPACE, SERVICE_ACCOUNT } from './rbac.ts';

/** How the API server reaches the webhook: by a Service of the cluster, or at a process outside of it. */
export type Reach = { readonly service: { readonly namespace: string } } | { readonly url: string };

export interface AdmissionSettings {
  /** User name of the operator's account, which is not asked, and alone may make what only the operator makes. */
  readonly operator: string;
  readonly reach: Reach;
}

/** What an install of the whole cluster has. */
export const IN_CLUSTER: AdmissionSettings = {
  operator: `system:serviceaccount:${NAMESPACE}:${SERVICE_ACCOUNT}`,
  reach: { service: { namespace: NAMESPACE } },
};

export const labels = { 'app.kubernetes.io/name': 'ado', 'app.kubernetes.io/component': 'operator' };
const PORT = 9443;
/** Far more than an answer takes, and short enough that a client sees why it waits. */
const TIMEOUT_SECONDS = 5;
const API = 'admissionregistration.k8s.io/v1';

/** The Service that leads to every replica. */
export function service(): unknown {
  const metadata = { name: ADMISSION_NAME, namespace: NAMESPACE, labels };
  const ports = [{ name: 'admission', port: 443, targetPort: 'admission', protocol: 'TCP' }];
  return { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: labels, ports } };
}

/**
 * What the API server asks the webhook. What it writes down about people must not be missing, so signals, runs and Backfills
 * fail closed; definitions are judged again by the controllers, so they fail open: then nobody knows who wrote a Workflow.
 * Trust and path are written by the operator.
 */
export function webhooks(settings: AdmissionSettings): unknown[] {
  const metadata = { name: ADMISSION_NAME, labels };
  const templates = ['workflowtemplates', 'clusterworkflowtemplates'];
  return [
    {
      apiVersion: API,
      kind: 'MutatingWebhookConfiguration',
      metadata,
      webhooks: [
        stamping(webhook(settings, 'signals', ['signals'], 'Fail')),
        stamping(webhook(settings, 'runs', ['workflowruns', 'backfills'], 'Fail')),
        // Judged again where others have changed it since: what is vouched for is all of it, as it is stored.
        { ...stamping(webhook(settings, 'workflows', ['workflows'], 'Ignore')), reinvocationPolicy: 'IfNeeded' },
      ],
    },
    {
      apiVersion: API,
      kind: 'ValidatingWebhookConfiguration',
      metadata,
      webhooks: [webhook(settings, 'definitions', templates, 'Ignore')],
    },
  ];
}

function webhook({ operator, reach }: AdmissionSettings, name: string, resources: string[], failurePolicy: string) {
  return {
    name: `${name}.${GROUP}`,
    admissionReviewVersions: ['v1'],
    clientConfig: 'url' in reach ? reach : { service: { name: ADMISSION_NAME, ...reach.service, port: 443 } },
    failurePolicy,
    matchPolicy: 'Equivalent',
    sideEffects: 'None',
    timeoutSeconds: TIMEOUT_SECONDS,
    namespaceSelector: { matchExpressions: [{ key: LABEL_OPERATOR, operator: 'DoesNotExist' }] },
    matchConditions: [{ name: 'not-the-operator', expression: `request.userInfo.username != '${operator}'` }],
    rules: [{ apiGroups: [GROUP], apiVersions: [VERSION], operations: ['CREATE', 'UPDATE'], resources, scope: '*' }],
  };
}

/** Only what is specified is somebody's: labels are changed and finalizers taken away without the operator. */
const CHANGES_SPEC = {
  name: 'changes-spec',
  expression: "request.operation != 'UPDATE' || object.spec != oldObject.spec",
};

function stamping(one: ReturnType<typeof webhook>) {
  return { ...one, matchConditions: [...one.matchConditions, CHANGES_SPEC], reinvocationPolicy: 'Never' };
}

/** What the API server judges by itself, whether there is a webhook or not. */
export function policies({ operator }: AdmissionSettings): unknown[] {
  const all = [signalPolicy, runPolicy, backfillPolicy, workflowPolicy, manualPolicy, markPolicy, powerPolicy].map(
    (policy) => policy(operator, LABEL_OPERATOR),
  );
  return all.flatMap((policy) => {
    const metadata = { name: policy.name, labels };
    const { operations = ['CREATE', 'UPDATE'] } = policy;
    const matchConstraints = {
      resourceRules: Object.entries(policy.resources).map(([group, resources]) => ({
        ...{ apiGroups: [group], apiVersions: ['*'], operations, resources },
      })),
    };
    const { variables, validations, matchConditions, action = 'Deny' } = policy;
    const conditions = matchConditions ? { matchConditions } : {};
    const spec = { failurePolicy: 'Fail', matchConstraints, ...conditions, variables, validations };
    const binding = { policyName: policy.name, validationActions: [action] };
    return [
      { apiVersion: API, kind: 'ValidatingAdmissionPolicy', metadata, spec },
      { apiVersion: API, kind: 'ValidatingAdmissionPolicyBinding', metadata, spec: binding },
    ];
  });
}

/** Adds all of it to an install: a component, since the operator's Deployment is changed for it. */
export function admissionComponent(resources: readonly string[]): unknown {
  const container = '/spec/template/spec/containers/0';
  const operations = [
    { op: 'add', path: `${container}/args/-`, value: `--admission-address=0.0.0.0:${PORT}` },
    { op: 'add', path: `${container}/ports/-`, value: { name: 'admission', containerPort: PORT, protocol: 'TCP' } },
  ];
  return {
    apiVersion: 'kustomize.config.k8s.io/v1alpha1',
    kind: 'Component',
    resources,
    patches: [{ target: { kind: 'Deployment', name: SERVICE_ACCOUNT }, patch: JSON.stringify(operations) }],
  };
}
