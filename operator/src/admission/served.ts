import { LABEL_OPERATOR, objectKey } from '../api/index.ts';
import { type KubeObject, NAMESPACES, Reflector, type ReflectorOptions, Store } from '../runtime/index.ts';

/** Why this operator does not serve a namespace; undefined if it does. */
export type Left = (namespace: string | undefined) => string | undefined;

export type ServedSettings = Pick<
  ReflectorOptions<unknown>,
  'client' | 'logger' | 'metrics' | 'clock' | 'relistPeriodMs' | 'inactivityMs'
>;

/**
 * Decides which namespaces other operators serve: the excluded ones of the configuration, and those with the operator
 * label. A user who can label a namespace can choose the account of its operator, so attestations are void there.
 */
export class ServedNamespaces {
  readonly #except: ReadonlySet<string>;
  readonly #labelled = new Store<string>();
  /** Must run and be synced before any review. */
  readonly reflector: Reflector<string>;

  constructor(settings: ServedSettings, exceptNamespaces: readonly string[]) {
    this.#except = new Set(exceptNamespaces);
    this.reflector = new Reflector<string>({
      ...settings,
      type: NAMESPACES,
      labelSelector: LABEL_OPERATOR,
      decode: ({ metadata }: KubeObject) => metadata.labels?.[LABEL_OPERATOR] ?? '',
      store: this.#labelled,
    });
  }

  readonly left: Left = (namespace = '') => {
    if (this.#except.has(namespace)) {
      return `this operator does not serve the namespace ${namespace} (--except-namespaces); set the label ${LABEL_OPERATOR} on the namespace, so that the API server does not call this operator`;
    }
    const operator = this.#labelled.get(objectKey({ name: namespace }));
    if (operator === undefined) return undefined;
    return `the operator "${operator}" serves the namespace ${namespace} (label ${LABEL_OPERATOR})`;
  };
}
