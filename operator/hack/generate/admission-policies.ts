import { GROUP } from '../../src/api/index.ts';

/** What a ValidatingAdmissionPolicy of ours is made of. */
export interface Policy {
  readonly name: string;
  /** Resources by API group. */
  readonly resources: Readonly<Record<string, readonly string[]>>;
  /** Default: CREATE and UPDATE. */
  readonly operations?: readonly string[];
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
  readonly variables: readonly { readonly name: string; readonly expression: string }[];
  readonly validations: readonly unknown[];
  /** What happens when a validation does not hold; default Deny. */
  readonly action?: 'Deny' | 'Warn';
}

const CREATING = "request.operation == 'CREATE'";

/** Who does to what is there what Kubernetes has to do: the garbage collector takes owners and finalizers away. */
const IS_KUBERNETES =
  "request.userInfo.username.startsWith('system:serviceaccount:kube-system:') || request.userInfo.username == 'system:kube-controller-manager'";

/**
 * Whether the request is the operator's: of the cluster, or of the one that a label of the namespace names, as
 * NAMESPACE.NAME of its account.
 */
function isOperator(operator: string, label: string) {
  const labels = 'namespaceObject.metadata.labels';
  const named = `has(${labels}) && '${label}' in ${labels}`;
  const parts = `${labels}['${label}'].split('.', 2)`;
  const account = `'system:serviceaccount:' + ${parts}.join(':')`;
  const expression = `request.userInfo.username == '${operator}' || (${named} && request.userInfo.username == ${account})`;
  return { name: 'isOperator', expression };
}

/** A stamp that a user may give of themselves: their own name, and no group that they are not in. */
const isOwn = (stamp: string) =>
  `${stamp}.username == request.userInfo.username && (!has(${stamp}.uid) || ${stamp}.uid == request.userInfo.uid) && ` +
  `(!has(${stamp}.groups) || ${stamp}.groups.all(group, group in request.userInfo.groups))`;

function refusing(unless: string, message: string) {
  return { expression: `variables.isOperator || (${unless})`, message, reason: 'Forbidden' };
}

/** Whether a field of the metadata of an object is as it was; one that is missing is one that is empty. */
function isKept(field: string, none: string): string {
  const [now, before] = [`object.metadata.${field}`, `oldObject.metadata.${field}`];
  return `(has(${now}) ? ${now} : ${none}) == (has(${before}) ? ${before} : ${none})`;
}

/**
 * Of what the operator asks by people change nothing but their answer; finalizers may be taken away by whoever cleans
 * up.
 */
const keepsAsked = [
  isKept('labels', '{}'),
  isKept('annotations', '{}'),
  isKept('ownerReferences', '[]'),
  '(!has(object.metadata.finalizers) || object.metadata.finalizers.all(name, has(oldObject.metadata.finalizers) && name in oldObject.metadata.finalizers))',
].join(' && ');

/** Of signals: who may make which, what they may say of whom, and what they may change. */
export function signalPolicy(operator: string, label: string): Policy {
  return {
    name: 'ado-signals',
    resources: { [GROUP]: ['signals'] },
    variables: [
      isOperator(operator, label),
      { name: 'responses', expression: 'has(object.spec.responses) ? object.spec.responses : []' },
      {
        name: 'before',
        expression: 'oldObject != null && has(oldObject.spec.responses) ? oldObject.spec.responses : []',
      },
      {
        name: 'added',
        expression:
          'variables.responses.filter(response, !variables.before.exists(old, old.username == response.username))',
      },
    ],
    validations: [
      refusing(
        `!(${CREATING}) || object.spec.type == 'Data'`,
        'only the operator creates Signals of type Approval and Input; to send data, use type Data',
      ),
      refusing(
        '!has(object.spec.decision) && !has(object.spec.comment) && !has(object.spec.values)',
        'the admission webhook is off, so spec.decision, comment and values are not read: add a response in your own name to spec.responses',
      ),
      refusing(
        'variables.before.all(old, variables.responses.exists(response, response.username == old.username && response == old))',
        'responses are append-only; recorded responses cannot change',
      ),
      refusing(
        `size(variables.added) <= 1 && variables.added.all(response, ${isOwn('response')})`,
        'add one response at a time, with your own user name and with groups that you are a member of',
      ),
      refusing(
        `oldObject == null || oldObject.spec.type == 'Data' || (${IS_KUBERNETES}) || (${keepsAsked})`,
        'labels, annotations, owners and finalizers of an Approval or Input cannot change, except that finalizers can be removed; answer in its spec',
      ),
      refusing(
        `!(${CREATING}) || !has(object.spec.sender) || (${isOwn('object.spec.sender')})`,
        'spec.sender: must name the requesting user; omit the field',
      ),
    ],
  };
}

/** CEL: whether a field of the spec is unchanged or absent. */
const isKeptOrNone = (field: string) =>
  `!has(object.spec.${field}) || (oldObject != null && has(oldObject.spec.${field}) && object.spec.${field} == oldObject.spec.${field})`;

const IS_SAME_STATE = {
  name: 'isSameState',
  expression:
    'oldObject != null && object.spec.desiredState == oldObject.spec.desiredState && has(oldObject.spec.desiredStateBy) == has(object.spec.desiredStateBy) && (!has(object.spec.desiredStateBy) || object.spec.desiredStateBy == oldObject.spec.desiredStateBy)',
};

/** Validations: requester and desiredStateBy must name the requesting user. */
const inOwnName = [
  refusing(
    `!(${CREATING}) || !has(object.spec.requester) || (${isOwn('object.spec.requester')})`,
    'spec.requester: must name the requesting user; omit the field',
  ),
  refusing(
    `variables.isSameState || !has(object.spec.desiredStateBy) || (${isOwn('object.spec.desiredStateBy')})`,
    'spec.desiredStateBy: must name the requesting user; omit the field',
  ),
];

/** WorkflowRuns: origin, provenance, requester and desiredStateBy cannot be forged. */
export function runPolicy(operator: string, label: string): Policy {
  return {
    name: 'ado-workflowruns',
    resources: { [GROUP]: ['workflowruns'] },
    variables: [isOperator(operator, label), IS_SAME_STATE],
    validations: [
      refusing(
        `!(${CREATING}) || !has(object.spec.origin) || object.spec.origin.type == 'Manual'`,
        'spec.origin: must be Manual; omit the field',
      ),
      refusing(
        `!(${CREATING}) || !has(object.spec.continues)`,
        'spec.continues: only the operator sets it; omit the field',
      ),
      refusing(
        `!(${CREATING}) || !has(object.spec.provenance)`,
        'spec.provenance: only the operator sets it; omit the field',
      ),
      ...inOwnName,
    ],
  };
}

/** Backfills: requester and desiredStateBy cannot be forged. */
export function backfillPolicy(operator: string, label: string): Policy {
  return {
    name: 'ado-backfills',
    resources: { [GROUP]: ['backfills'] },
    variables: [isOperator(operator, label), IS_SAME_STATE],
    validations: inOwnName,
  };
}

/** Workflows: the writer cannot be forged. */
export function workflowPolicy(operator: string, label: string): Policy {
  return {
    name: 'ado-workflows',
    resources: { [GROUP]: ['workflows'] },
    variables: [isOperator(operator, label)],
    validations: [
      refusing(
        `${isKeptOrNone('writer')} || (${isOwn('object.spec.writer')})`,
        'spec.writer: must name the requesting user; omit the field',
      ),
    ],
  };
}

/** The command that starts a run of a Workflow, in CEL. */
const START =
  '\'echo \\\'{"apiVersion":"\' + object.apiVersion + \'","kind":"WorkflowRun","metadata":{"generateName":"\' + object.metadata.name + \'-"},"spec":{"workflowRef":{"name":"\' + object.metadata.name + \'"}}}\\\' | kubectl create -n \' + object.metadata.namespace + \' -f -\'';

/**
 * Workflows without triggers: warns how to start a run by hand, like `engine/validate/trigger-warnings.ts`. Only when
 * the webhook has not answered, which would have recorded the writer and warned itself.
 */
export function manualPolicy(): Policy {
  const triggers = 'object.spec.triggers';
  const lists = ['webhooks', 'completions', 'schedules'].map(
    (list) => `(has(${triggers}.${list}) && size(${triggers}.${list}) > 0)`,
  );
  return {
    name: 'ado-manual-workflows',
    resources: { [GROUP]: ['workflows'] },
    matchConditions: [{ name: 'not-seen-by-the-webhook', expression: '!has(object.spec.writer)' }],
    variables: [
      { name: 'isStarted', expression: `has(${triggers}) && (has(${triggers}.onChange) || ${lists.join(' || ')})` },
      { name: 'isSame', expression: 'oldObject != null && object.spec == oldObject.spec' },
    ],
    validations: [
      {
        expression: 'variables.isStarted || variables.isSame',
        message: 'no trigger starts this Workflow; start a run by hand: docs/guides/run-by-hand.md',
        messageExpression: `'no trigger starts this Workflow; start a run by hand (docs/guides/run-by-hand.md): ' + ${START}`,
      },
    ],
    action: 'Warn',
  };
}

/** Whether an object carries any mark of ours. */
function isMarked(object: string): string {
  const { labels, annotations, finalizers, ownerReferences } = fieldsOf(object);
  const keys = [labels, annotations, finalizers].map(
    (field) => `(has(${field}) && ${field}.exists(key, ${isOurs('key')}))`,
  );
  return [...keys, `(has(${ownerReferences}) && ${ownerReferences}.exists(owner, ${isOurOwner}))`].join(' || ');
}

const isOurs = (key: string) => `${key}.startsWith('${GROUP}/')`;
const isOurOwner = `owner.apiVersion.startsWith('${GROUP}/') && has(owner.controller) && owner.controller`;
const fieldsOf = (object: string) => ({
  labels: `${object}.metadata.labels`,
  annotations: `${object}.metadata.annotations`,
  finalizers: `${object}.metadata.finalizers`,
  ownerReferences: `${object}.metadata.ownerReferences`,
});

/** The marks before and after, of what has none empty. */
function marks() {
  const fields = Object.entries(fieldsOf('object')).map(([name, field]) => {
    const none = name === 'labels' || name === 'annotations' ? '{}' : '[]';
    const before = field.replace(/^object/, 'oldObject');
    return [
      { name, expression: `has(${field}) ? ${field} : ${none}` },
      { name: `${name}Before`, expression: `oldObject != null && has(${before}) ? ${before} : ${none}` },
    ];
  });
  return fields.flat();
}

/** That nobody writes or takes away the keys of a map that are ours. */
const keepsKeys = (map: string) =>
  `variables.${map}.all(key, !${isOurs('key')} || (key in variables.${map}Before && variables.${map}Before[key] == variables.${map}[key])) && ` +
  `variables.${map}Before.all(key, !${isOurs('key')} || key in variables.${map})`;

/**
 * Reserves our labels, annotations, finalizers and controllers on the objects of runs to the operator. It is a second line
 * of defense: Ado trusts no mark because of it, see docs/decisions/0018-trust-in-objects.md. Users may remove our
 * finalizers, for cleanup; controllers of Kubernetes may change existing objects and create none with marks.
 */
export function markPolicy(operator: string, label: string): Policy {
  return {
    name: 'ado-marks',
    resources: {
      '': ['pods', 'configmaps'],
      batch: ['jobs'],
      [GROUP]: ['workflowruns', 'signals'],
    },
    // In this order: the cheapest first, and most objects of a cluster carry no mark.
    matchConditions: [
      { name: 'not-the-operator', expression: `request.userInfo.username != '${operator}'` },
      {
        name: 'not-a-controller-of-kubernetes',
        expression: `request.operation != 'UPDATE' || !(${IS_KUBERNETES})`,
      },
      { name: 'is-marked', expression: `${isMarked('object')} || (oldObject != null && (${isMarked('oldObject')}))` },
    ],
    variables: [isOperator(operator, label), ...marks()],
    validations: [
      refusing(
        `${keepsKeys('labels')} && ${keepsKeys('annotations')}`,
        `only the operator writes labels and annotations under ${GROUP}/; use other keys for your own`,
      ),
      refusing(
        `variables.finalizers.all(name, !${isOurs('name')} || name in variables.finalizersBefore)`,
        `only the operator adds finalizers under ${GROUP}/; removing one is allowed`,
      ),
      refusing(
        `variables.ownerReferences.all(owner, !(${isOurOwner}) || variables.ownerReferencesBefore.exists(old, old.uid == owner.uid)) && ` +
          `variables.ownerReferencesBefore.all(owner, !(${isOurOwner}) || variables.ownerReferences.exists(other, other.uid == owner.uid))`,
        `only the operator sets or removes an object of ${GROUP}/ as the controller of another; leave metadata.ownerReferences as it is`,
      ),
    ],
  };
}

/**
 * Restricts the writes of the operator outside of its kinds and of pods to its own objects, since RBAC has no prefixes of
 * names, and refuses it tokens where Kubernetes or the operator runs, even if an account is bound there. It is a second
 * line of defense: the operator writes nothing else itself, and a thief of its token keeps all other permissions.
 */
export function powerPolicy(operator: string): Policy {
  const [, , home = ''] = operator.split(':');
  const isOwned =
    'has(variables.subject.metadata.ownerReferences) && ' +
    `variables.subject.metadata.ownerReferences.exists(owner, owner.apiVersion.startsWith('${GROUP}/'))`;
  const isCached = "variables.subject.metadata.name.startsWith('ado-cache-')";
  return {
    name: 'ado-operator',
    resources: {
      '': ['configmaps', 'persistentvolumeclaims', 'serviceaccounts/token'],
      apps: ['controllerrevisions'],
    },
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    matchConditions: [{ name: 'is-the-operator', expression: `request.userInfo.username == '${operator}'` }],
    variables: [
      { name: 'subject', expression: "request.operation == 'DELETE' ? oldObject : object" },
      { name: 'isToken', expression: "request.resource.resource == 'serviceaccounts'" },
    ],
    validations: [
      {
        expression: `!variables.isToken || !(request.namespace.startsWith('kube-') || request.namespace == '${home}')`,
        message: 'the operator may not act as a service account of a kube- namespace or of its own namespace',
        reason: 'Forbidden',
      },
      {
        expression: `variables.isToken || (request.resource.resource == 'configmaps' ? ${isCached} : ${isOwned})`,
        message: `the operator may write only cache ConfigMaps (ado-cache-*) and objects that an object of ${GROUP} owns`,
        reason: 'Forbidden',
      },
    ],
  };
}
