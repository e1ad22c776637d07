import { LABEL_OPERATOR, objectKey } from '../api/index.ts';
import { type KubeObject, NAMESPACES, Reflector, type ReflectorOptions, Store } from '../runtime/index.ts';

/** Why the webhook has no say in a namespace; nothing where it has. */
export type Left = (namespace: string | undefined) => string | undefined;

export type ServedSettings = Pick<
  ReflectorOptions<unknown>,
  'client' | 'logger' | 'metrics' | 'clock' | 'relistPeriodMs' | 'inactivityMs'
>;

/**
 * Which namespaces are left to other operators: those that this one was told to leave, and those whose label says so. Who
 * may label a namespace names an account that is an operator there, so what was vouched for there counts for nothing.
 */
export class ServedNamespaces {
  readonly #except: ReadonlySet<string>;
  readonly #labelled = new Store<string>();
  /** To be run, and complete, before anything is judged. */
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
      return `the namespace ${namespace} is left to another operator (--except-namespaces); give it the label ${LABEL_OPERATOR}, so that this one is not asked`;
    }
    const operator = this.#labelled.get(objectKey({ name: namespace }));
    if (operator === undefined) return undefined;
    return `the namespace ${namespace} is left to the operator ${operator}, as its label ${LABEL_OPERATOR} says`;
  };
}
